"""What a notebook surely imports: nothing that could be otherwise by the time that it runs."""

from pathlib import Path

import pytest

from gristmill.client.pack.needs import imports_of, read_requirements
from gristmill.notebooks.source import Cell, NotebookSource


def needed(*cells: str | Cell) -> list[tuple[str, int]]:
    made = [
        one if isinstance(one, Cell) else Cell(index=index, kind="code", source=one) for index, one in enumerate(cells)
    ]
    source = NotebookSource(cells=tuple(made), kernel="python3", language="python")
    return [(one.module, one.cell) for one in imports_of(source)]


def test_each_module_is_told_once_with_the_cell_that_first_imports_it() -> None:
    assert needed("import a.b, c", "from d.e import f\nimport a") == [("a", 0), ("c", 0), ("d", 1)]


@pytest.mark.parametrize(
    "cell",
    [
        "try:\n    import a\nexcept ImportError:\n    a = None",
        "if False:\n    import a",
        "def f():\n    import a",
        "from . import a",
        "%%bash\nimport a",
        "%%writefile a.py\nimport b",
        "not python at all (",
    ],
)
def test_what_may_not_come_about_is_no_need(cell: str) -> None:
    assert needed(cell) == []


@pytest.mark.parametrize(
    "cell", ["%pip install a", "!pip install -q a", "import sys; sys.path.insert(0, '..')", "import subprocess"]
)
def test_behind_what_changes_what_can_be_imported_nothing_is_sure(cell: str) -> None:
    assert needed("import first", cell, "import a") == [("first", 0)]


def test_an_error_that_is_meant_to_be_is_no_fault() -> None:
    tagged = Cell(index=0, kind="code", source="import a", tags=frozenset({"raises-exception"}))
    assert needed(tagged) == []


def test_magics_beside_an_import_do_not_hide_it() -> None:
    assert needed("%matplotlib inline\nimport a", "%%time\nimport b") == [("a", 0), ("b", 1)]


def test_names_of_requirements_without_those_that_depend_on_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(
        "# ours\npandas>=2,<3  # frames\nScikit_Learn[all]==1.5 \\\n  --hash=sha256:aa\n-r other.txt\nonly-there; "
        "sys_platform == 'win32'\nit @ https://example.com/it.whl\nnumpy\n"
    )
    assert read_requirements(file) == ("pandas", "Scikit_Learn", "numpy")


def test_names_of_a_projects_dependencies(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[project]\nname = 'x'\ndependencies = ['pandas~=2.0', 'rich']\n")
    assert read_requirements(file) == ("pandas", "rich")
    file.write_text("[tool.x]\n")
    assert read_requirements(file) == ()
