"""Who may call an endpoint: API keys, and on loopback only requests that were meant for this machine."""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gristmill.core.errors import ForbiddenError, UnauthenticatedError
from gristmill.endpoints.model import DesiredState, key_id

_BEARER = b"bearer "


@dataclass(frozen=True)
class Access:
    """`open` needs no key. `hosts` are the names that a Host header may have; None allows any."""

    key_hashes: tuple[bytes, ...]
    open: bool
    hosts: frozenset[str] | None

    def check_host(self, headers: Mapping[bytes, bytes]) -> None:
        """A page in a browser must not reach a loopback endpoint under a name of its own (DNS rebinding).

        Raises:
            ForbiddenError: the Host header names another host.
        """
        if self.hosts is None or (host := headers.get(b"host")) is None:
            return
        name = host.decode("latin-1").lower()
        name = name.rpartition(":")[0] if ":" in name and not name.endswith("]") else name
        if name not in self.hosts:
            raise ForbiddenError(
                f"host {name!r} is not this endpoint: expected {', '.join(sorted(self.hosts))}",
                hint="Call it by the URL that `gristmill endpoints show` prints.",
            )

    def check_key(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The id of the key that was given, None where none is asked for. Compares with every key in constant time.

        Raises:
            UnauthenticatedError: no key, or not one of this endpoint's.
        """
        if self.open:
            return None
        header = headers.get(b"authorization", b"")
        given = hashlib.sha256(header[len(_BEARER) :].strip()).hexdigest().encode()
        known = [hmac.compare_digest(given, key) for key in self.key_hashes]
        if header[: len(_BEARER)].lower() != _BEARER or not any(known):
            raise UnauthenticatedError(
                "this endpoint needs one of its API keys"
                if not header
                else "this is not one of the endpoint's API keys",
                hint="Send the header: Authorization: Bearer <key>",
            )
        return key_id(given.decode())


def access_of(desired: DesiredState) -> Access:
    """What the desired state says of access."""
    return Access(
        key_hashes=encoded(desired.key_hashes),
        open=desired.open,
        hosts=frozenset({"127.0.0.1", "localhost", "[::1]"}) if is_loopback(desired.host) else None,
    )


def encoded(key_hashes: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(key.lower().encode() for key in key_hashes)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
