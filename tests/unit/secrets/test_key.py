"""Where the key is, and what happens when it is another one."""

import base64
import os
from pathlib import Path

import platformdirs
import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.core.settings import Settings, read_settings
from gristmill.secrets.vaults.base import VaultError
from gristmill.secrets.vaults.encrypted import EncryptedVault
from gristmill.secrets.vaults.key import find_key, key_file


def new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(platformdirs, "user_config_path", lambda name: tmp_path / "config" / name)
    return tmp_path / "config"


def test_a_key_is_made_with_the_first_secret_outside_the_home_for_nobody_else(
    tmp_path: Path, configuration: Path
) -> None:
    settings = Settings(home=tmp_path / "home")
    sealed = EncryptedVault(settings).seal("default/TOKEN", "value")
    file = configuration / "gristmill" / "secrets.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secrets.key"]
    assert EncryptedVault(settings).open("default/TOKEN", sealed) == "value"


def test_where_the_configuration_lies_in_the_home_the_key_does_not(tmp_path: Path, configuration: Path) -> None:
    """On macOS both are the same folder."""
    home = configuration / "gristmill"
    assert key_file(Settings(home=home)) == configuration / "gristmill-keys" / "secrets.key"


def test_a_named_key_file_in_the_home_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, secrets_key_file=tmp_path / "keys" / "mine.key")
    with pytest.raises(InvalidInputError, match="beside what it encrypts"):
        find_key(settings, make=True)


def test_no_key_is_made_where_a_value_is_wanted(tmp_path: Path, configuration: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(VaultError, match="there is no key") as caught:
        EncryptedVault(settings).open("default/TOKEN", "sealed")
    assert "Put back the key" in str(caught.value.hint)
    assert not configuration.exists()


def test_a_named_key_file_is_never_made(tmp_path: Path) -> None:
    """One that is missing is a mistake in its name, or not mounted."""
    settings = Settings(home=tmp_path / "home", secrets_key_file=tmp_path / "mounted.key")
    with pytest.raises(VaultError, match="there is no key"):
        EncryptedVault(settings).seal("default/TOKEN", "value")


def test_another_key_is_said_to_be_the_wrong_one(tmp_path: Path) -> None:
    sealed = EncryptedVault(Settings(home=tmp_path, secrets_key=new_key())).seal("default/TOKEN", "value")
    with pytest.raises(VaultError, match="was not encrypted with the key of GRISTMILL_SECRETS_KEY") as caught:
        EncryptedVault(Settings(home=tmp_path, secrets_key=new_key())).open("default/TOKEN", sealed)
    assert "Put the key back" in str(caught.value.hint)


def test_the_newest_of_several_keys_encrypts_and_each_opens(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    sealed = EncryptedVault(Settings(home=tmp_path, secrets_key=old)).seal("default/TOKEN", "value")
    both = EncryptedVault(Settings(home=tmp_path, secrets_key=f"{new}, {old}"))
    assert both.open("default/TOKEN", sealed) == "value"
    again = both.seal("default/TOKEN", "value")
    assert EncryptedVault(Settings(home=tmp_path, secrets_key=new)).open("default/TOKEN", again) == "value"


@pytest.mark.parametrize("text", ["hush", "hush" * 11, new_key()[:-2], " , "], ids=["short", "text", "cut", "empty"])
def test_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInputError, match="holds no key") as caught:
        EncryptedVault(Settings(home=tmp_path, secrets_key=text)).seal("default/TOKEN", "value")
    assert "hush" not in str(caught.value)


def test_the_key_does_not_show_in_settings_or_by_itself() -> None:
    key = new_key()
    settings = read_settings({"GRISTMILL_SECRETS_KEY": key})
    assert key not in repr(settings)
    assert key not in repr(find_key(settings, make=False))


def test_where_a_value_is_kept_names_the_key_and_does_not_tell_it(tmp_path: Path) -> None:
    file = tmp_path / "config" / "secrets.key"
    file.parent.mkdir()
    file.write_text(new_key())
    vault = EncryptedVault(Settings(home=tmp_path / "home", secrets_key_file=file))
    assert vault.where() == f"in the database, encrypted; its key is in no backup of the home: {file}"
