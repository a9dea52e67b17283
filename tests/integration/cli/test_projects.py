"""Projects as people have them, each with a real run: where modules lie, how files are called, what git says, what a
notebook may hold.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.runs.model import Run, RunDetail
from tests.integration.conftest import ControlPlane

SPEC = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WIDGETS = {
    "application/vnd.jupyter.widget-state+json": {
        "version_major": 2,
        "version_minor": 0,
        "state": {"a1": {"model_name": "IntSliderModel", "model_module": "@jupyter-widgets/controls", "state": {}}},
    }
}


def notebook(
    *sources: str | dict[str, Any], minor: int = 5, metadata: Mapping[str, Any] | None = None, split: bool = False
) -> str:
    """Its text; ids stand in it from nbformat 4.5 on. With `split` a source is a list of lines."""
    cells = []
    for number, source in enumerate(sources):
        cell: dict[str, Any] = source if isinstance(source, dict) else {"cell_type": "code", "source": source}
        cell = {"metadata": {}, **cell}
        if cell["cell_type"] == "code":
            cell = {"outputs": [], "execution_count": None, **cell}
        if split:
            cell["source"] = cell["source"].splitlines(keepends=True)
        cells.append({**cell, **({"id": f"cell-{number}"} if minor >= 5 else {})})
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": minor, "metadata": {**SPEC, **(metadata or {})}, "cells": cells}
    )


def git(folder: Path, *arguments: str) -> None:
    name = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)


def committed(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")


def dirty(folder: Path) -> None:
    committed(folder)
    (folder / "lib.py").write_text("WORD = 'changed'")
    (folder / "staged.py").write_text("WORD = 'staged'")
    git(folder, "add", "staged.py")
    (folder / "untracked.py").write_text("WORD = 'untracked'")


def with_submodule(folder: Path) -> None:
    other = folder.with_name(f"{folder.name}-library")
    (other / "tools").mkdir(parents=True)
    (other / "tools/__init__.py").write_text("WORD = 'from the submodule'")
    committed(other)
    committed(folder)
    git(folder, "submodule", "add", "-q", str(other), "vendor")


def read_only(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:  # whom modes do not hold back; where root may not mount, modes are all there is
        for options in (["--bind"], ["-o", "remount,bind,ro"]):
            subprocess.run(["mount", *options, str(folder), str(folder)], check=False, capture_output=True)


def unmount_below(top: Path) -> None:
    mounts = Path("/proc/self/mounts")
    for place in [line.split()[1] for line in mounts.read_text().splitlines()] if mounts.exists() else []:
        if Path(place).is_relative_to(top):
            subprocess.run(["umount", place], check=True)


@dataclass(frozen=True, kw_only=True)
class Project:
    """`files` by their path; `says` is what the run prints."""

    files: Mapping[str, str]
    says: str
    notebook: str = "work.ipynb"
    prepare: Callable[[Path], None] = lambda _: None
    check: Callable[[RunDetail, dict[str, Any], Client], None] = field(default=lambda _run, _executed, _client: None)


def has_git(*, is_dirty: bool) -> Callable[[RunDetail, dict[str, Any], Client], None]:
    def check(detail: RunDetail, _executed: dict[str, Any], client: Client) -> None:
        facts = client.send(api.get_snapshot(detail.run.snapshot)).git
        assert facts is not None
        assert (bool(facts.commit), facts.branch, facts.dirty) == (True, "main", is_dirty)

    return check


def has_no_git(detail: RunDetail, _executed: dict[str, Any], client: Client) -> None:
    assert client.send(api.get_snapshot(detail.run.snapshot)).git is None


def keeps(place: Callable[[dict[str, Any]], Any]) -> Callable[[RunDetail, dict[str, Any], Client], None]:
    def check(_detail: RunDetail, executed: dict[str, Any], _client: Client) -> None:
        assert place(executed)

    return check


def packs(*paths: str) -> Callable[[RunDetail, dict[str, Any], Client], None]:
    def check(detail: RunDetail, _executed: dict[str, Any], client: Client) -> None:
        assert set(paths) <= {file.path for file in client.send(api.get_snapshot(detail.run.snapshot)).files}

    return check


def minor_of(number: int) -> Project:
    """A notebook of nbformat 4.`number`."""
    return Project(
        files={"work.ipynb": notebook(f"print('four point {number}')", minor=number)}, says=f"four point {number}"
    )


MARK = {"pyproject.toml": ""}
PROJECTS: dict[str, Project] = {
    "a module of a parent folder, found by sys.path": Project(
        files={
            **MARK,
            "helpers.py": "WORD = 'from above'",
            "nb/work.ipynb": notebook("import sys\nsys.path.append('..')\nfrom helpers import WORD\nprint(WORD)"),
        },
        notebook="nb/work.ipynb",
        says="from above",
    ),
    "a package of a parent folder, by a computed path": Project(
        files={
            **MARK,
            "lib/__init__.py": "",
            "lib/words.py": "from . import more\nWORD = more.WORD",
            "lib/more.py": "WORD = 'from a package above'",
            "nb/deep/work.ipynb": notebook(
                "import os, sys\nsys.path.insert(0, os.path.abspath(os.path.join(os.getcwd(), '..', '..')))",
                "from lib.words import WORD\nprint(WORD)",
            ),
        },
        notebook="nb/deep/work.ipynb",
        says="from a package above",
    ),
    "a sibling folder's module, by pathlib": Project(
        files={
            **MARK,
            "common/words.py": "WORD = 'from beside'",
            "nb/work.ipynb": notebook(
                "import sys\nfrom pathlib import Path\nsys.path.append(str(Path.cwd().parent / 'common'))",
                "import words\nprint(words.WORD)",
            ),
        },
        notebook="nb/work.ipynb",
        says="from beside",
    ),
    "src layout": Project(
        files={
            "pyproject.toml": "[project]\nname = 'mine'\n",
            "src/mine/__init__.py": "from mine.inner import WORD",
            "src/mine/inner.py": "WORD = 'from src'",
            "notebooks/work.ipynb": notebook("import mine\nprint(mine.WORD)"),
        },
        notebook="notebooks/work.ipynb",
        says="from src",
    ),
    "without a mark, a module of a parent folder": Project(
        files={
            "helpers.py": "WORD = 'from above, unmarked'",
            "nb/work.ipynb": notebook("import sys\nsys.path.append('..')\nfrom helpers import WORD\nprint(WORD)"),
        },
        notebook="nb/work.ipynb",
        says="from above, unmarked",
    ),
    "without a mark, a sibling's module by a computed path": Project(
        files={
            "lib/words.py": "WORD = 'from lib, unmarked'",
            "nb/work.ipynb": notebook(
                "import os, sys\nsys.path.insert(0, os.path.abspath(os.path.join(os.getcwd(), '..', 'lib')))",
                "from words import WORD\nprint(WORD)",
            ),
        },
        notebook="nb/work.ipynb",
        says="from lib, unmarked",
    ),
    "without a mark, a small file above, and one that is run": Project(
        files={
            "helpers/x": "four",
            "helpers/run.py": "WORD = 'ran'",
            "nb/work.ipynb": notebook("%run ../helpers/run.py", "print(open('../helpers/x').read(), WORD)"),
        },
        notebook="nb/work.ipynb",
        says="four ran",
    ),
    "small files above and beside": Project(
        files={
            **MARK,
            "config/one.json": '{"word": "configured"}',
            "a/b/c/beside.txt": "and beside",
            "a/b/c/work.ipynb": notebook(
                "import json\nprint(json.load(open('../../../config/one.json'))['word'], open('beside.txt').read())"
            ),
        },
        notebook="a/b/c/work.ipynb",
        says="configured and beside",
    ),
    "spaces and Unicode": Project(
        files={
            **MARK,
            "mes données/été {1} - %s.ipynb": notebook(
                "from größe import WORT\nprint(WORT, open('数据 1.csv').read())"
            ),
            "mes données/größe.py": "WORT = 'größer'",
            "mes données/数据 1.csv": "数",
        },
        notebook="mes données/été {1} - %s.ipynb",
        says="größer 数",
    ),
    "a clean repository": Project(
        files={"work.ipynb": notebook("import lib\nprint(lib.WORD)"), "lib.py": "WORD = 'committed'"},
        says="committed",
        prepare=committed,
        check=has_git(is_dirty=False),
    ),
    "changed, staged and untracked files": Project(
        files={
            "work.ipynb": notebook("import lib, staged, untracked\nprint(lib.WORD, staged.WORD, untracked.WORD)"),
            "lib.py": "WORD = 'committed'",
        },
        says="changed staged untracked",
        prepare=dirty,
        check=has_git(is_dirty=True),
    ),
    "a submodule": Project(
        files={"work.ipynb": notebook("import sys\nsys.path.append('vendor')\nimport tools\nprint(tools.WORD)")},
        says="from the submodule",
        prepare=with_submodule,
        check=packs("vendor/tools/__init__.py"),
    ),
    "no git": Project(files={"work.ipynb": notebook("print('bare')")}, says="bare", check=has_no_git),
    "a folder that nobody may write to": Project(
        files={**MARK, "work.ipynb": notebook("open('made.txt', 'w').write('x')\nprint('written')")},
        says="written",
        prepare=read_only,
    ),
    "requirements beside the notebook": Project(
        files={
            **MARK,
            "nb/requirements.txt": "numpy\n",
            "nb/work.ipynb": notebook("print(open('requirements.txt').read())"),
        },
        notebook="nb/work.ipynb",
        says="numpy",
        check=packs("nb/requirements.txt"),
    ),
    **{f"nbformat 4.{number}": minor_of(number) for number in range(6)},
    "sources as lists of lines": Project(
        files={"work.ipynb": notebook("a = 'line'\nb = 'by line'\nprint(a, b)", split=True)}, says="line by line"
    ),
    "fields of an old notebook": Project(
        files={
            "work.ipynb": notebook(
                {"cell_type": "code", "source": "print('old')", "metadata": {"collapsed": False, "trusted": True}},
                {"cell_type": "raw", "source": "as it is"},
                {"cell_type": "markdown", "source": "# Title"},
                minor=0,
                metadata={"signature": "sha256:00", "orig_nbformat": 3},
            )
        },
        says="old",
    ),
    "attachments": Project(
        files={
            "work.ipynb": notebook(
                {
                    "cell_type": "markdown",
                    "source": "![pixel](attachment:pixel.png)",
                    "attachments": {"pixel.png": {"image/png": PIXEL}},
                },
                "print('attached')",
            )
        },
        says="attached",
        check=keeps(lambda executed: executed["cells"][0]["attachments"]["pixel.png"]["image/png"] == PIXEL),
    ),
    "widget state": Project(
        files={"work.ipynb": notebook("print('a widget')", metadata={"widgets": WIDGETS})},
        says="a widget",
        check=keeps(lambda executed: "widgets" in executed["metadata"]),
    ),
    "a notebook that runs another": Project(
        files={
            **MARK,
            "setup.ipynb": notebook("WORD = 'from the other'"),
            "nb/work.ipynb": notebook("%run ../setup.ipynb", "print(WORD)"),
        },
        notebook="nb/work.ipynb",
        says="from the other",
    ),
}


@pytest.fixture(scope="module")
def ended(
    control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Run, Path]]]:
    """Every project's run, once it is over. All are queued before the first is waited for."""
    top = tmp_path_factory.mktemp("projects")
    started = {}
    with control_plane.client() as client:
        for number, (name, project) in enumerate(PROJECTS.items()):
            folder = top / f"{number}"
            for path, text in project.files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text)
            project.prepare(folder)
            started[name] = (client.run(folder / project.notebook), folder)
        yield {name: (client.wait(run), folder) for name, (run, folder) in started.items()}
    unmount_below(top)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_runs_as_it_is(name: str, ended: dict[str, tuple[Run, Path]], control_plane: ControlPlane) -> None:
    project, (run, folder) = PROJECTS[name], ended[name]
    assert run.state == "succeeded", run.fault
    with control_plane.client() as client:
        executed = json.loads(client.send(api.executed_notebook(run.id)))
        detail = client.send(api.get_run(run.id))
        project.check(detail, executed, client)
    printed = "".join(
        "".join(output.get("text", "")) for cell in executed["cells"] for output in cell.get("outputs", ())
    )
    assert project.says in printed
    assert (folder / project.notebook).read_text() == project.files[project.notebook], "the source is not written to"
    left = {os.path.relpath(path, folder) for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts}
    assert not {one for one in left if "made.txt" in one or "__pycache__" in one}
