"""What a zygote imports follows what notebooks name, within what it may."""

import json
import os
from pathlib import Path

from gristmill_kernels.allow_list import ALLOWED, USUAL, allowed, chosen, note_used
from gristmill_kernels.imports import named_imports, names_in


def test_only_names_of_the_list_are_noted(tmp_path: Path) -> None:
    note_used(tmp_path, ["pandas", "os", "../../etc", "torch", "sklearn.ensemble"])
    assert sorted(one.name for one in tmp_path.iterdir()) == ["pandas", "sklearn.ensemble"]
    assert chosen(tmp_path) == ("pandas", "sklearn.ensemble")


def test_what_nobody_named_for_a_month_is_forgotten(tmp_path: Path) -> None:
    note_used(tmp_path, ["pandas", "xgboost"])
    os.utime(tmp_path / "xgboost", (0, 0))
    assert chosen(tmp_path) == ("pandas",)


def test_where_nothing_is_known_it_is_the_usual(tmp_path: Path) -> None:
    assert chosen(tmp_path) == USUAL
    assert set(USUAL) <= set(ALLOWED)
    assert allowed(["xgboost", "numpy"]) == ("numpy", "xgboost")


def test_names_are_read_from_import_statements() -> None:
    text = "import a.b as c, d  # e\nfrom f.g import (h,\n  i)\n    import j\nprint('import k')\nx = 'from l import m'"
    assert names_in(text) == ["a.b", "d", "f.g", "j"]


def test_a_notebook_that_cannot_be_read_names_nothing(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    assert named_imports(path) == ()
    path.write_text("[]")
    assert named_imports(path) == ()
    cells = [
        {"cell_type": "code", "source": ["import a\n", "import b"]},
        {"cell_type": "markdown", "source": "import c"},
    ]
    path.write_text(json.dumps({"cells": cells}))
    assert named_imports(path) == ("a", "b")
