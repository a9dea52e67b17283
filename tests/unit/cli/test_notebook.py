import os
from pathlib import Path

import pytest

from gristmill.cli.notebook import open_notebook
from gristmill.core.errors import InvalidInputError, TooLargeError
from gristmill.notebooks.source import MAX_BYTES


def test_a_script_is_refused_with_how_it_becomes_a_notebook(tmp_path: Path) -> None:
    script = tmp_path / "my train.py"
    script.write_text("x = 1")
    with pytest.raises(InvalidInputError, match=r"is no notebook: expected an \.ipynb file") as raised:
        open_notebook(script)
    assert f"jupytext --to ipynb '{script}'" in (raised.value.hint or "")
    assert f"gristmill run '{script.with_suffix('.ipynb')}'" in (raised.value.hint or "")


def test_a_script_with_a_notebook_beside_it_names_that(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("x = 1")
    (tmp_path / "train.ipynb").write_text("{}")
    with pytest.raises(InvalidInputError) as raised:
        open_notebook(tmp_path / "train.py")
    assert "stands beside it" in (raised.value.hint or "")


def test_a_pipe_or_a_device_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "p.ipynb"
    os.mkfifo(pipe)
    link = tmp_path / "link.ipynb"
    link.symlink_to(pipe)
    for path in (pipe, link, Path("/dev/zero")):
        with pytest.raises(InvalidInputError, match=r"is a pipe or a device: expected an \.ipynb file"):
            open_notebook(path)
    with pytest.raises(InvalidInputError, match="cannot be read: Is a directory"):
        open_notebook(tmp_path)


def test_a_notebook_is_read_through_a_link_and_not_beyond_its_limit(tmp_path: Path) -> None:
    large = tmp_path / "large.ipynb"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    link = tmp_path / "link.ipynb"
    link.symlink_to(large)
    with pytest.raises(TooLargeError, match=r"link\.ipynb has more than 67108864 bytes"):
        open_notebook(link)
