"""The key that secrets are encrypted with: where it is, and that it is not beside what it encrypts."""

import base64
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from gristmill.core.errors import InvalidInputError
from gristmill.core.settings import Settings
from gristmill.core.whole_file import make_private
from gristmill.secrets.vaults.base import VaultError

FILE = "secrets.key"
_MAKE_ONE = "A new one: python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"


@dataclass(frozen=True, kw_only=True)
class Key:
    """Keys in the order in which they are tried; the first encrypts. `source` says where they are from."""

    keys: tuple[str, ...] = field(repr=False)
    source: str


def key_file(settings: Settings) -> Path:
    """The named file, or one among the person's configuration: never in the home, which copies and backups take along.

    Raises:
        InvalidInputError: the named one lies in the home.
    """
    if settings.secrets_key_file is not None:
        if settings.secrets_key_file.resolve().is_relative_to(settings.home.resolve()):
            raise InvalidInputError(
                f"the key file {settings.secrets_key_file} lies in GRISTMILL_HOME, beside what it encrypts",
                hint="Move it elsewhere: who copies the home must not have the key.",
            )
        return settings.secrets_key_file
    folder = platformdirs.user_config_path("gristmill")
    if folder.resolve().is_relative_to(settings.home.resolve()):  # on macOS both are "Application Support"
        folder = settings.home.resolve().with_name(f"{settings.home.name}-keys")
    return folder / FILE


def find_key(settings: Settings, *, make: bool) -> Key:
    """The key of the environment, else that of the file, which is made if there is none and `make` says so.

    Raises:
        VaultError: there is none, or it cannot be read.
        InvalidInputError: what is there is no key.
    """
    if settings.secrets_key is not None:
        return Key(keys=_read(settings.secrets_key, "GRISTMILL_SECRETS_KEY"), source="GRISTMILL_SECRETS_KEY")
    path = key_file(settings)
    try:
        if make and settings.secrets_key_file is None and not path.exists():
            _make(path)
        return Key(keys=_read(path.read_text(), str(path)), source=str(path))
    except FileNotFoundError:
        raise VaultError(
            f"there is no key at {path}", hint="Put back the key that the secrets were set with, or set them again."
        ) from None
    except OSError as error:
        raise VaultError(f"the key at {path} cannot be read: {error.strerror}") from error


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_private(path, base64.urlsafe_b64encode(secrets.token_bytes(32)) + b"\n")  # or take another process's


def _read(text: str, source: str) -> tuple[str, ...]:
    keys = tuple(part for part in re.split(r"[\s,]+", text) if part)
    if not keys or not all(_is_key(key) for key in keys):
        raise InvalidInputError(
            f"{source} holds no key: expected 32 bytes in URL-safe base64, or several, the newest first", hint=_MAKE_ONE
        )
    return keys


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.encode(), altchars=b"-_", validate=True)) == 32
    except ValueError:
        return False
