"""Where values are kept: the contract of every vault."""

from abc import ABC, abstractmethod
from typing import ClassVar

from gristmill.core.errors import UnavailableError


class VaultError(UnavailableError):
    """The value cannot be kept or had now. No message and no cause of it holds a value."""


class Vault(ABC):
    """Keeps values. What `seal` answers is stored in the database, with the vault's `name`.

    A vault meets these requirements; `tests/contract/test_vaults.py` holds each to them:

    * `open(place, seal(place, value)) == value` for every text of at most 32,768 characters, also from another process
      of the same person, and after another value was sealed for the same place.
    * `seal` answers something else each time, at most 256 KiB, which neither is nor holds the value.
    * What was sealed for one place is not opened for another: `VaultError`.
    * What was changed, forgotten, or sealed by a key that is not there any more is a `VaultError`, which says what to
      do; so is a vault that does not answer. Nothing is overwritten because of it.
    * `forget` removes what the vault itself keeps; doing it again is harmless.
    """

    name: ClassVar[str]

    def where(self) -> str:
        """Where a value is that was kept just now, and what it takes to have it, for people."""
        return f"in the vault {self.name}"

    @abstractmethod
    def seal(self, place: str, value: str) -> str:
        """Keeps the value of a place, `project/name`; answers what it takes to have it again."""

    @abstractmethod
    def open(self, place: str, sealed: str) -> str:
        """The value."""

    @abstractmethod
    def forget(self, place: str, sealed: str) -> None:
        """Removes it from the vault."""
