"""Where a client finds its control plane, in this order: the environment, a hub's, the local port file."""

import hmac
import os
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import httpx
import msgspec

from gristmill.core.errors import UnauthenticatedError
from gristmill.core.settings import Settings
from gristmill.core.tls import trust_for
from gristmill.core.wire import InstanceProof, PortFile

PROBE_TIMEOUT = 5.0


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """`local` is True for the control plane of this machine's home, which may be started on demand.

    `project` is the one that is meant, of those that the token's person is in; None: the person's own.
    """

    url: str
    token: str = field(repr=False)
    local: bool
    project: str | None = None


def from_environment(settings: Settings) -> Credentials | None:
    """`GRISTMILL_URL` with `GRISTMILL_TOKEN`, else a hub's service URL with the hub's token.

    Raises:
        UnauthenticatedError: a URL without a token.
    """
    if settings.url is not None:
        if settings.token is None:
            raise UnauthenticatedError(
                f"GRISTMILL_URL is set to {settings.url} and GRISTMILL_TOKEN is not",
                hint="Set GRISTMILL_TOKEN too, or unset GRISTMILL_URL to use this machine's own control plane.",
            )
        return Credentials(url=settings.url, token=settings.token, local=False, project=settings.project)
    service, token = os.environ.get("GRISTMILL_SERVICE_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
    if service and token:
        return Credentials(url=service.rstrip("/"), token=token, local=False, project=settings.project)
    return None


def from_port_file(path: Path) -> Credentials | None:
    """The living local control plane; None where none answers. Its token is sent to nobody who cannot prove himself."""
    found = read_port_file(path)
    if found is None or not proves_itself(found):
        return None
    return Credentials(url=found.url, token=found.token, local=True)


def read_port_file(path: Path) -> PortFile | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=PortFile)
    except (FileNotFoundError, msgspec.DecodeError, msgspec.ValidationError):
        return None


def proves_itself(file: PortFile) -> bool:
    """Whether who listens at the port knows the secret of the 0600 file: another program may have taken the port."""
    challenge = secrets.token_hex(16)
    try:
        answer = httpx.get(
            f"{file.url}/api/instance",
            params={"challenge": challenge},
            timeout=PROBE_TIMEOUT,
            trust_env=False,  # a proxy has no business on loopback
            verify=trust_for(file.url),
        )
        proof = msgspec.json.decode(answer.content, type=InstanceProof)
    except (httpx.HTTPError, msgspec.DecodeError, msgspec.ValidationError):
        return False
    expected = hmac.new(file.secret.encode(), challenge.encode(), sha256).hexdigest()
    return hmac.compare_digest(proof.proof, expected)
