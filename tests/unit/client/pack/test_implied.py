"""Which folder is the project of a notebook where nothing marks one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gristmill.client.pack import pack
from gristmill.client.pack.implied import project_root
from gristmill.core.errors import InvalidInputError

Write = Callable[..., Path]


@pytest.fixture
def bare(tmp_path: Path, write: Write) -> Path:
    """A folder without a mark, with what a notebook in `nb/` may ask for, and a stranger's folder beside it."""
    folder = tmp_path / "bare"
    write(folder / "mytools.py", "Y = 2")
    write(folder / "lib/words.py", "WORD = 1")
    write(folder / "pack/__init__.py", "")
    write(folder / "pack/settings.json", "{}")
    write(folder / "config/one.json", "{}")
    write(folder / "nb/beside.txt", "x")
    write(folder / "other/private.txt", "x")
    return folder


@pytest.mark.parametrize(
    ("cell", "packed"),
    [
        ("import sys; sys.path.append('..'); import mytools", {"mytools.py"}),
        ("import sys; sys.path.append('../lib'); import words", {"lib/words.py"}),
        ("import os, sys\nsys.path.append(os.path.join('..', 'lib'))\nimport words", {"lib/words.py"}),
        (
            "from pathlib import Path\nP = Path.cwd().parent\nsys.path.append(str(P / 'lib'))\nimport words",
            {"lib/words.py"},
        ),
        ("import sys; sys.path.append('..'); import pack", {"pack/__init__.py", "pack/settings.json"}),
        ("from mytools import Y", {"mytools.py"}),
        ("%run ../mytools.py", {"mytools.py"}),
        ("open('../config/one.json')", {"config/one.json"}),
        ("open(os.path.join('..', 'config', 'one.json'))", {"config/one.json"}),
    ],
)
def test_the_project_is_the_folder_that_holds_what_the_notebook_asks_for(
    bare: Path, write: Write, cell: str, packed: set[str]
) -> None:
    """And of it nothing travels that the notebook does not ask for, but what lies beside it."""
    notebook = write(bare / "nb/a.ipynb", cell)
    assert project_root(notebook).path == bare
    found = pack(notebook)
    assert {one.path for one in found.request.files} == {"nb/a.ipynb", "nb/beside.txt", *packed}
    assert [one for one in found.notices if one.startswith(f"project: {bare} (no mark; `gristmill init ")]


@pytest.mark.parametrize(
    "cell", ["import sys; sys.path.append('..'); import numpy", "x = '../nothing.csv'", "open('..')"]
)
def test_a_notebook_that_asks_for_nothing_above_stays_alone(bare: Path, write: Write, cell: str) -> None:
    notebook = write(bare / "nb/a.ipynb", cell)
    assert project_root(notebook).path == bare / "nb"
    assert pack(notebook).notices == ()


def test_a_home_directory_is_no_project_and_the_run_does_not_start(
    bare: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(bare))
    monkeypatch.chdir(bare / "nb")
    notebook = write(bare / "nb/a.ipynb", "import sys; sys.path.append('..')", "import mytools")
    assert project_root(notebook).path == bare / "nb"
    with pytest.raises(
        InvalidInputError, match=r"uses mytools, which the run would not have: \.\./mytools\.py"
    ) as refused:
        pack(notebook)
    assert refused.value.hint == "Say what the project is: gristmill init .."
    pack(notebook, data=["../mytools.py"])


@pytest.mark.parametrize("crowd", ["everybody's", "crowded"])
def test_neither_is_a_folder_of_everybody_nor_one_with_thousands_of_entries(
    bare: Path, write: Write, crowd: str
) -> None:
    if crowd == "crowded":
        for number in range(2001):
            (bare / f"{number}").touch()
    else:
        bare.chmod(0o777)
    notebook = write(bare / "nb/a.ipynb", "import sys; sys.path.append('..')", "import mytools")
    assert project_root(notebook).path == bare / "nb"


def test_nothing_above_a_confined_root_is_taken(bare: Path, write: Write) -> None:
    notebook = write(bare / "nb/a.ipynb", "import sys; sys.path.append('..')", "import mytools")
    assert project_root(notebook, within=bare / "nb").path == bare / "nb"


def test_of_a_marked_project_the_hint_names_the_mark(bare: Path, write: Write) -> None:
    (bare / "nb/pyproject.toml").touch()
    notebook = write(bare / "nb/a.ipynb", "import sys; sys.path.append('..')", "import mytools")
    with pytest.raises(InvalidInputError) as refused:
        pack(notebook)
    assert refused.value.hint == (
        f"pyproject.toml marks {bare / 'nb'} as the project: move it to {bare}, or the modules into the project."
    )
