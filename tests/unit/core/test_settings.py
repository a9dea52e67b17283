import json
from pathlib import Path

import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.core.settings import read_settings


def test_settings_are_read_from_the_environment() -> None:
    settings = read_settings({"GRISTMILL_HOME": "/srv/h", "GRISTMILL_PORT": "8123", "GRISTMILL_URL": "http://x/"})
    assert (settings.home, settings.port, settings.url) == (Path("/srv/h"), 8123, "http://x")


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_settings({"GRISTMILL_PORT": "many", "GRISTMILL_CANCEL_GRACE": "soon"})
    assert [fault.where for fault in caught.value.faults] == ["GRISTMILL_PORT", "GRISTMILL_CANCEL_GRACE"]


def test_a_volume_claim_is_given_as_json() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "kept"}}
    assert read_settings({"GRISTMILL_CACHE_CLAIM": json.dumps(claim)}).cache_claim == claim


@pytest.mark.parametrize(
    "text",
    ["kept", '"kept"', "{}", '{"kind": "PersistentVolumeClaim"}', '{"kind": "Pod", "metadata": {"name": "kept"}}'],
)
def test_what_is_no_volume_claim_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="expected a PersistentVolumeClaim as JSON"):
        read_settings({"GRISTMILL_CACHE_CLAIM": text})


def test_a_token_does_not_show_in_the_representation() -> None:
    assert "hush" not in repr(read_settings({"GRISTMILL_TOKEN": "hush"}))
