from pathlib import Path

import pytest

from gristmill.cli.notebook import open_notebook
from gristmill.core.errors import InvalidInputError


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
