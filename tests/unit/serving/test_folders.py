"""What lies in an endpoint's folder is whole, and confined."""

from pathlib import Path

import pytest

from gristmill.core.errors import UnsupportedError
from gristmill.serving.folders import DESIRED, EndpointFolder, live_variant
from tests.serving_kit.endpoint import desired, variant


def test_a_desired_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder, state = EndpointFolder(tmp_path), desired(key_hashes=("a" * 64,), open=False, cpu=2.0)
    folder.write(tmp_path / DESIRED, state)
    assert folder.read(tmp_path / DESIRED) == state
    assert [path.name for path in tmp_path.iterdir()] == [DESIRED]
    assert (tmp_path / DESIRED).stat().st_mode & 0o077 == 0


def test_no_file_is_no_state(tmp_path: Path) -> None:
    assert EndpointFolder(tmp_path).read(tmp_path / DESIRED) is None


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[1]"])
def test_a_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DESIRED).write_bytes(content)
    with pytest.raises(UnsupportedError):
        EndpointFolder(tmp_path).read(tmp_path / DESIRED)


def test_another_protocol_is_refused(tmp_path: Path) -> None:
    folder = EndpointFolder(tmp_path)
    folder.write(tmp_path / DESIRED, desired(protocol=99))
    with pytest.raises(UnsupportedError, match="protocol 99"):
        folder.read(tmp_path / DESIRED)


@pytest.mark.parametrize("name", ["churn", "..", "a/b", "name with spaces", "ünïcode", "a\0b", "."])
def test_a_models_folder_is_one_plain_name_below_models(tmp_path: Path, name: str) -> None:
    path = EndpointFolder(tmp_path).model(variant(model=name, version="../1"))
    assert path.parent == tmp_path / "models"
    assert path.name not in {".", ".."}
    assert "\0" not in path.name


def test_models_of_different_names_never_share_a_folder(tmp_path: Path) -> None:
    folder = EndpointFolder(tmp_path)
    assert folder.model(variant(model="a/b")) != folder.model(variant(model="a%2Fb"))


def test_requests_go_to_the_live_variant_of_the_greatest_weight() -> None:
    variants = (
        variant(name="shadow", role="shadow", weight=100.0),
        variant(name="canary", weight=10.0),
        variant(name="main", weight=90.0),
    )
    assert live_variant(desired(variants=variants)).name == "main"


def test_without_a_live_variant_there_is_nothing_to_serve() -> None:
    with pytest.raises(UnsupportedError):
        live_variant(desired(variants=()))
