"""Which vault takes new values; each is made when it is first needed."""

from collections.abc import Mapping

from gristmill.core.errors import InvalidInputError
from gristmill.core.settings import Settings
from gristmill.secrets.vaults.base import Vault, VaultError
from gristmill.secrets.vaults.encrypted import EncryptedVault
from gristmill.secrets.vaults.keyring import KeyringVault

AUTOMATIC = "auto"


class Vaults:
    """All vaults by name. `GRISTMILL_SECRETS_VAULT` names the one for new values; `auto` is the keyring where one
    answers, else the encrypted one. What was set before is opened where it is.
    """

    def __init__(self, settings: Settings, known: Mapping[str, Vault] | None = None) -> None:
        self._wanted = settings.secrets_vault
        self._known = known or {"keyring": KeyringVault(), "encrypted": EncryptedVault(settings)}
        if self._wanted not in {AUTOMATIC, *self._known}:
            names = ", ".join((AUTOMATIC, *self._known))
            raise InvalidInputError(f"GRISTMILL_SECRETS_VAULT={self._wanted!r} is no vault: expected one of {names}")

    def for_new(self) -> Vault:
        if self._wanted != AUTOMATIC:
            return self._known[self._wanted]
        keyring = self._known.get("keyring")
        usable = isinstance(keyring, KeyringVault) and keyring.answers()
        return self._known["keyring" if usable else "encrypted"]

    def named(self, name: str) -> Vault:
        """Raises VaultError for a vault that this version does not know."""
        if name not in self._known:
            raise VaultError(f"this version of Gristmill knows no vault {name!r}", hint="Set the secret again.")
        return self._known[name]
