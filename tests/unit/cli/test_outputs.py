"""Outputs are written inside the folder that was named, whatever their names say."""

from pathlib import Path

import pytest

from gristmill.cli.outputs import place
from gristmill.core.errors import ConflictError, InvalidInputError


def test_an_output_keeps_its_folders(tmp_path: Path) -> None:
    assert place(tmp_path, "plots/roc.png", force=False) == tmp_path / "plots" / "roc.png"


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "", "a//b", "C:/x", "a\\b"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError):
        place(tmp_path, name, force=True)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "plots").symlink_to(tmp_path / "elsewhere")
    (folder / "roc.png").symlink_to(tmp_path / "elsewhere" / "roc.png")
    for name in ("plots/roc.png", "roc.png"):
        with pytest.raises(InvalidInputError, match="a link in it leads away"):
            place(folder, name, force=True)


def test_a_file_that_is_there_is_kept_unless_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(ConflictError, match="is there already"):
        place(tmp_path, "x", force=False)
    assert place(tmp_path, "x", force=True) == tmp_path / "x"
