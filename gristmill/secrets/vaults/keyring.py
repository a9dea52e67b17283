"""Values in the person's own keyring: macOS Keychain, Secret Service (GNOME, KDE), Windows Credential Locker."""

import importlib.util
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, cast

from gristmill.secrets.vaults.base import Vault, VaultError

SERVICE = "gristmill"
# What keeps nothing, or keeps it readable for everybody: not vaults.
_NO_VAULTS = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")


class Backend(Protocol):
    """What the library `keyring` has of a keyring."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class KeyringVault(Vault):
    """An entry of its own for each value; what it seals is that entry's name."""

    name = "keyring"

    def where(self) -> str:
        return "in your keyring, which no backup of the home has"

    def __init__(self, backend: Backend | None = None) -> None:
        self._backend = backend

    def answers(self) -> bool:
        """Whether the library is installed, and a backend that is a vault answers."""
        if importlib.util.find_spec("keyring") is None:
            return False
        try:
            self._entry("probe", "probe")
        except VaultError:
            return False
        return True

    def seal(self, place: str, value: str) -> str:
        entry = secrets.token_hex(16)
        with _told(place):
            self._found().set_password(SERVICE, f"{place}#{entry}", value)
        return entry

    def open(self, place: str, sealed: str) -> str:
        value = self._entry(place, sealed)
        if value is None:
            raise VaultError(f"{place} is not in the keyring any more", hint="Set it again.")
        return value

    def forget(self, place: str, sealed: str) -> None:
        if self._entry(place, sealed) is not None:
            with _told(place):
                self._found().delete_password(SERVICE, f"{place}#{sealed}")

    def _entry(self, place: str, entry: str) -> str | None:
        with _told(place):
            return self._found().get_password(SERVICE, f"{place}#{entry}")

    def _found(self) -> Backend:
        if self._backend is not None:
            return self._backend
        try:
            import keyring
        except ImportError as error:
            raise VaultError(
                "the library of keyrings is not installed", hint="pip install 'gristmill[keyring]'"
            ) from error
        backend = keyring.get_keyring()
        parts = getattr(backend, "backends", (backend,))  # several are asked one after the other
        if not parts or any(type(part).__module__.startswith(_NO_VAULTS) for part in parts):
            raise VaultError("this session has no keyring that keeps secrets", hint="GRISTMILL_SECRETS_VAULT=encrypted")
        return cast("Backend", backend)


@contextmanager
def _told(place: str) -> Iterator[None]:
    """A keyring that is locked or away says so; what it says beyond that is not passed on."""
    try:
        yield
    except VaultError:
        raise
    except Exception as error:  # noqa: BLE001  # backends raise what their system's libraries do
        raise VaultError(
            f"the keyring does not answer for {place}: {type(error).__name__}",
            hint="Unlock it, or set GRISTMILL_SECRETS_VAULT=encrypted and set the secret again.",
        ) from None
