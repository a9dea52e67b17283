"""The local modules of a notebook are found as Python would find them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gristmill.client.pack.modules import Modules, find_modules
from gristmill.client.pack.root import find_root
from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.source import read_notebook

Write = Callable[..., Path]


@pytest.fixture
def find(project: Path, write: Write) -> Callable[..., Modules]:
    """The modules that a notebook with these cells at `path` needs."""

    def find(*cells: str, path: str = "nb.ipynb", language: str = "python") -> Modules:
        notebook = write(project / path, *cells, language=language)
        return find_modules(find_root(notebook.parent), path, read_notebook(notebook.read_bytes()))

    return find


Find = Callable[..., Modules]


def test_a_module_beside_the_notebook(project: Path, write: Write, find: Find) -> None:
    write(project / "work" / "helpers.py")
    modules = find("import helpers, pandas", path="work/nb.ipynb")
    assert modules == Modules(files=("work/helpers.py",), roots=("work",))


def test_modules_are_followed(project: Path, write: Write, find: Find) -> None:
    write(project / "a.py", "def f():\n    import b")
    write(project / "b.py", "from c import x\nimport a")
    write(project / "c.py", "x = 1")
    assert find("import a").files == ("a.py", "b.py", "c.py")


def test_a_package_brings_every_init_on_the_way(project: Path, write: Write, find: Find) -> None:
    for path in ("p/__init__.py", "p/q/__init__.py", "p/q/r.py", "p/other.py"):
        write(project / path)
    assert find("import p.q.r").files == ("p/__init__.py", "p/q/__init__.py", "p/q/r.py")


def test_a_name_imported_from_a_package_may_be_a_module(project: Path, write: Write, find: Find) -> None:
    for path in ("p/__init__.py", "p/a.py", "p/b/__init__.py", "p/c.py"):
        write(project / path)
    assert find("from p import a, b, something").files == ("p/__init__.py", "p/a.py", "p/b/__init__.py")


def test_relative_imports(project: Path, write: Write, find: Find) -> None:
    write(project / "p/__init__.py", "from . import a")
    write(project / "p/a.py", "from .q.b import f\nfrom .. import beyond")
    write(project / "p/q/__init__.py")
    write(project / "p/q/b.py", "from ..c import g\nfrom ...... import far")
    write(project / "p/c.py")
    found = find("import p")
    assert found.files == ("p/__init__.py", "p/a.py", "p/c.py", "p/q/__init__.py", "p/q/b.py")


def test_parent_folders_and_src_up_to_the_root(project: Path, write: Write, find: Find) -> None:
    write(project / "src" / "mine" / "__init__.py", "import above")
    write(project / "above.py")
    write(project.parent / "outside.py")
    found = find("import mine, outside", path="notebooks/deep/nb.ipynb")
    assert found == Modules(files=("above.py", "src/mine/__init__.py"), roots=(".", "src"))


def test_the_nearest_of_two_wins(project: Path, write: Write, find: Find) -> None:
    write(project / "same.py")
    write(project / "work" / "same.py")
    assert find("import same", path="work/nb.ipynb").files == ("work/same.py",)


def test_a_bare_folder_is_a_package_where_it_holds_what_is_asked(project: Path, write: Write, find: Find) -> None:
    write(project / "bare" / "inner" / "m.py")
    assert find("from bare.inner import m").files == ("bare/inner/m.py",)
    assert find("import bare.inner.m").files == ("bare/inner/m.py",)


def test_a_folder_of_data_is_not_taken_for_the_package_of_its_name(project: Path, write: Write, find: Find) -> None:
    write(project / "datasets" / "x.csv")
    assert find("from datasets import load_dataset\nimport datasets") == Modules(files=(), roots=())


def test_a_regular_package_comes_before_a_nearer_bare_folder(project: Path, write: Write, find: Find) -> None:
    write(project / "work" / "p" / "m.py")
    write(project / "p" / "__init__.py")
    write(project / "p" / "m.py")
    assert find("import p.m", path="work/nb.ipynb").files == ("p/__init__.py", "p/m.py")


def test_the_standard_librarys_names_are_local_beside_the_notebook_only(
    project: Path, write: Write, find: Find
) -> None:
    write(project / "json.py")
    write(project / "work" / "random.py")
    assert find("import json, random", path="work/nb.ipynb").files == ("work/random.py",)


def test_folders_that_the_notebook_puts_on_the_path(project: Path, write: Write, find: Find) -> None:
    write(project / "lib" / "mine.py")
    write(project.parent / "beyond.py")
    cells = (
        "import sys\nsys.path.insert(0, '../lib')\nsys.path.append('../..')\nsys.path += ['/']",
        "import mine, beyond",
    )
    assert find(*cells, path="work/nb.ipynb") == Modules(
        files=("lib/mine.py",), roots=("lib",), outside={"beyond": "../beyond.py"}
    )


def test_files_that_the_notebook_runs(project: Path, write: Write, find: Find) -> None:
    write(project / "set up.py", "import a")
    write(project / "other.ipynb", "%matplotlib inline\nimport b", "not python", "import c")
    for name in ("a", "b", "c"):
        write(project / f"{name}.py")
    found = find("%run -i 'set up.py'\n%run other.ipynb\n%run missing.py\n%run ../../etc/passwd.py")
    assert found.files == ("a.py", "b.py", "c.py", "other.ipynb", "set up.py")


def test_imports_by_name(project: Path, write: Write, find: Find) -> None:
    write(project / "a.py")
    write(project / "b.py")
    cell = "import importlib\nimportlib.import_module('a')\n__import__('b')\nimportlib.import_module('../x')"
    assert find(cell).files == ("a.py", "b.py")


def test_a_compiled_module(project: Path, write: Write, find: Find) -> None:
    write(project / "fast.cpython-311-x86_64-linux-gnu.so")
    assert find("import fast").files == ("fast.cpython-311-x86_64-linux-gnu.so",)


def test_cells_and_modules_that_are_not_python_are_passed_over(project: Path, write: Write, find: Find) -> None:
    write(project / "a.py", "def broken(:\n")
    assert find("import a", "%%bash\nimport b", "x = = 1").files == ("a.py",)


def test_other_languages_have_no_python_modules(project: Path, write: Write, find: Find) -> None:
    write(project / "a.py")
    assert find("import a", language="julia").files == ()


def test_a_module_behind_a_link_inside_the_root(project: Path, write: Write, find: Find) -> None:
    write(project / "shared" / "real.py", "import deeper")
    write(project / "deeper.py")
    (project / "linked.py").symlink_to("shared/real.py")
    assert find("import linked").files == ("deeper.py", "linked.py")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_needed_module_behind_a_link_that_leaves_the_root_is_refused(
    project: Path, write: Write, find: Find, kind: str
) -> None:
    outside = write(project.parent / "outside" / "mine.py")
    if kind == "file":
        (project / "mine.py").symlink_to(outside)
    else:
        (project / "src").symlink_to(outside.parent)
    with pytest.raises(InvalidInputError, match=r"mine\.py is a link to .*outside the project root") as caught:
        find("import mine")
    assert "Copy it into the project" in (caught.value.hint or "")


def test_circles_end(project: Path, write: Write, find: Find) -> None:
    write(project / "p" / "__init__.py", "from . import a, b")
    write(project / "p" / "a.py", "from . import b")
    write(project / "p" / "b.py", "from . import a\nimport p")
    (project / "p" / "round").symlink_to(".")
    assert find("import p.round.round.a").files[0] == "p/__init__.py"


def test_a_checkout_that_is_not_built_leaves_the_name_to_the_installed_package(
    project: Path, write: Write, find: Find
) -> None:
    write(project / "lib" / "__init__.py")
    write(project / "lib" / "api.py", "from . import robust")
    write(project / "lib" / "robust" / "__init__.py", "from .scale import qn\nfrom lib.robust import norms")
    write(project / "lib" / "robust" / "norms.py")
    write(project / "lib" / "robust" / "scale.py", "from lib.robust._qn import qn")
    write(project / "lib" / "robust" / "_qn.pyx")
    write(project / "beside.py", "import lib")
    modules = find("import lib, beside", "import lib.api", path="examples/nb.ipynb")
    assert modules == Modules(files=("beside.py",), roots=(".",), unbuilt={"lib": "lib.robust._qn"})


def test_a_built_checkout_is_local(project: Path, write: Write, find: Find) -> None:
    write(project / "lib" / "__init__.py", "from lib._qn import qn\nfrom lib.qn import more\nimport lib.qn.name")
    write(project / "lib" / "qn.py")
    write(project / "lib" / "_qn.cpython-311-x86_64-linux-gnu.so")
    modules = find("import lib", path="examples/nb.ipynb")
    assert modules.roots == (".",)
    assert not modules.unbuilt


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    from lib._fast import f\nexcept ImportError:\n    f = None",
        "if False:\n    from lib._fast import f",
        "import pyximport\nfrom lib._fast import f",
        "__path__ += ['elsewhere']\nfrom lib._fast import f",
        "from . import name",
    ],
)
def test_what_a_package_may_do_without_is_not_missed(project: Path, write: Write, find: Find, source: str) -> None:
    write(project / "lib" / "__init__.py", source)
    modules = find("try:\n    import lib._own\nexcept ImportError:\n    import lib", path="examples/nb.ipynb")
    assert modules.files == ("lib/__init__.py",)


def test_beside_the_notebook_is_first_whatever_it_lacks(project: Path, write: Write, find: Find) -> None:
    write(project / "lib" / "__init__.py", "from lib._fast import f")
    assert find("import lib").files == ("lib/__init__.py",)
