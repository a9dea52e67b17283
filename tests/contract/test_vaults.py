"""What every vault must do. The docstring in `gristmill/secrets/vaults/base.py` is the contract."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gristmill.core.settings import Settings
from gristmill.secrets.model import MAX_VALUE
from gristmill.secrets.vaults.base import Vault, VaultError
from gristmill.secrets.vaults.encrypted import EncryptedVault
from gristmill.secrets.vaults.keyring import KeyringVault

Make = Callable[[], Vault]


class Entries:
    """A keyring as the library `keyring` has it; it outlives the vaults that use it, as a real one does."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


def new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@pytest.fixture(params=["encrypted", "keyring"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes a vault on the same ground; a second one stands for another process."""
    if request.param == "encrypted":
        settings = Settings(home=tmp_path, secrets_key=new_key())
        return lambda: EncryptedVault(settings)
    entries = Entries()
    return lambda: KeyringVault(entries)


@pytest.mark.parametrize("value", ["four", "p4ss w0rd\n", "ключ 🔑", "x" * MAX_VALUE, "\N{GRINNING FACE}" * MAX_VALUE])
def test_what_was_sealed_is_opened_as_it_was_by_another_process_too(make: Make, value: str) -> None:
    sealed = make().seal("default/TOKEN", value)
    assert make().open("default/TOKEN", sealed) == value
    assert value not in sealed
    assert len(sealed) <= 256 * 2**10


def test_each_seal_is_another_and_the_one_before_still_opens(make: Make) -> None:
    vault = make()
    first, second = vault.seal("default/TOKEN", "value"), vault.seal("default/TOKEN", "value")
    assert first != second
    assert (vault.open("default/TOKEN", first), vault.open("default/TOKEN", second)) == ("value", "value")


def test_what_was_sealed_for_one_place_is_not_opened_for_another(make: Make) -> None:
    sealed = make().seal("default/TOKEN", "hush-hush")
    with pytest.raises(VaultError) as caught:
        make().open("other/TOKEN", sealed)
    assert caught.value.hint
    assert "hush" not in str(caught.value)


def test_what_was_changed_is_an_error_and_no_value(make: Make) -> None:
    sealed = make().seal("default/TOKEN", "hush-hush")
    with pytest.raises(VaultError) as caught:
        make().open("default/TOKEN", sealed[:-4] + "AAAA")
    assert caught.value.hint


def test_forgetting_is_harmless_twice_and_leaves_the_others(make: Make) -> None:
    vault = make()
    gone, kept = vault.seal("default/A", "value-a"), vault.seal("default/B", "value-b")
    vault.forget("default/A", gone)
    vault.forget("default/A", gone)
    assert vault.open("default/B", kept) == "value-b"
