"""Values encrypted in the database: Fernet, https://github.com/fernet/spec (AES-128-CBC and HMAC-SHA-256)."""

import json
from typing import TYPE_CHECKING

from gristmill.core.settings import Settings
from gristmill.secrets.vaults.base import Vault, VaultError
from gristmill.secrets.vaults.key import find_key

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class EncryptedVault(Vault):
    """What it seals is the value itself, encrypted together with its place. It keeps nothing but the key."""

    name = "encrypted"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def where(self) -> str:
        key = find_key(self._settings, make=False).source
        return f"in the database, encrypted; its key is in no backup of the home: {key}"

    def seal(self, place: str, value: str) -> str:
        cipher, _ = self._cipher(make=True)
        return cipher.encrypt(json.dumps([place, value], ensure_ascii=False).encode()).decode()

    def open(self, place: str, sealed: str) -> str:
        from cryptography.fernet import InvalidToken

        cipher, source = self._cipher(make=False)
        try:
            kept_place, value = json.loads(cipher.decrypt(sealed.encode()))
        except InvalidToken:
            raise VaultError(
                f"{place} was not encrypted with the key of {source}",
                hint="Put the key back that it was set with (several may be given, the newest first), or set it again.",
            ) from None
        if kept_place != place:
            raise VaultError(f"what is stored for {place} is another secret's", hint="Set it again.")
        return str(value)

    def forget(self, place: str, sealed: str) -> None:
        """The database's row is all there was."""

    def _cipher(self, *, make: bool) -> "tuple[MultiFernet, str]":
        from cryptography.fernet import Fernet, MultiFernet

        key = find_key(self._settings, make=make)  # read anew each time: a changed key needs no restart
        return MultiFernet([Fernet(one) for one in key.keys]), key.source
