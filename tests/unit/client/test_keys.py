"""API keys of endpoints are kept for one person."""

from pathlib import Path

import pytest

from gristmill.client.keys import KeyStore
from gristmill.core.errors import InvalidInputError
from tests.unit.cli.made import an_endpoint


def test_a_kept_key_is_found_and_readable_by_nobody_else(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys")
    keys.keep(an_endpoint(), "gm_e_secret")
    assert keys.find(an_endpoint()) == "gm_e_secret"
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    (file,) = (tmp_path / "keys").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_endpoint_made_anew_under_the_same_name_has_other_keys(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    keys.keep(an_endpoint(id="endpoint_1"), "old")
    assert keys.find(an_endpoint(id="endpoint_2")) is None


def test_a_forgotten_or_broken_key_is_not_found(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    keys.keep(an_endpoint(), "one")
    (tmp_path / "churn").write_text("{")
    assert keys.find(an_endpoint()) is None
    keys.forget("churn")
    keys.forget("churn")
    assert list(tmp_path.iterdir()) == []


def test_only_the_revoked_key_is_forgotten(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    keys.keep(an_endpoint(), "gm_e_secret")
    own = keys.id(an_endpoint())
    assert own is not None
    assert "secret" not in own
    keys.forget_revoked(an_endpoint(), "key_another")
    assert keys.find(an_endpoint()) == "gm_e_secret"
    keys.forget_revoked(an_endpoint(), own)
    assert keys.find(an_endpoint()) is None
    keys.forget_revoked(an_endpoint())


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        KeyStore(tmp_path / "keys").keep(an_endpoint(name="../token"), "key")


def test_the_key_is_not_shown_by_accident(tmp_path: Path) -> None:
    from gristmill.client.keys import KeptKey

    assert "secret" not in repr(KeptKey(endpoint="endpoint_1", key="secret"))
