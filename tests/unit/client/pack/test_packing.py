"""A notebook on disk becomes a snapshot: what is in it, what is not, and why."""

import errno
import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gristmill.client.pack import Packed, pack, packing, walk
from gristmill.client.pack.left_out import LeftOut, Reason
from gristmill.client.pack.regular import Regular, read_regular
from gristmill.core.errors import InvalidInputError, NotFoundError, TooLargeError
from gristmill.snapshots.model import check_request

Write = Callable[..., Path]
OnRead = dict[str, Callable[[], object]]
LARGE = "x" * (walk.SMALL + 1)


def paths(packed: Packed) -> set[str]:
    return {file.path for file in packed.request.files}


def left(packed: Packed) -> dict[str, Reason]:
    return {one.path: one.reason for one in packed.left_out}


@pytest.fixture
def on_read(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], object]]:
    """What happens, by file name, between the walk and the reading of a file."""
    happens: dict[str, Callable[[], object]] = {}

    def read(path: Path, limit: int) -> Regular:
        happens.get(path.name, lambda: None)()
        return read_regular(path, limit)

    monkeypatch.setattr(packing, "read_regular", read)
    return happens


def denied() -> None:
    """What anybody but the administrator gets of a file with no read permission."""
    raise PermissionError(errno.EACCES, "Permission denied")


def test_notebook_modules_and_small_files_are_packed(project: Path, write: Write) -> None:
    notebook = write(project / "work" / "nb.ipynb", "import mine")
    write(project / "src" / "mine.py")
    write(project / "README.md", "hello")
    (project / "run.sh").touch(mode=0o755)
    packed = pack(notebook)
    assert paths(packed) == {"work/nb.ipynb", "src/mine.py", "README.md", "run.sh", "gristmill.yaml"}
    assert (packed.request.notebook, packed.request.import_roots) == ("work/nb.ipynb", ("src",))
    assert (packed.request.source, packed.root, packed.left_out, packed.notices) == (str(notebook), project, (), ())
    check_request(packed.request)


def test_every_digest_is_that_of_the_bytes(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb")
    write(project / "a.txt", "hello")
    with pack(notebook) as packed:
        for file in packed.request.files:
            data = packed.read(file.digest)
            assert data == (project / file.path).read_bytes()
            assert file.digest == "sha256:" + hashlib.sha256(data).hexdigest()
            assert file.size == len(data)


def test_the_executable_bit_is_kept(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb")
    (project / "run.sh").touch(mode=0o755)
    assert [file.path for file in pack(notebook).request.files if file.executable] == ["run.sh"]


def test_large_files_are_left_out_and_told_with_whether_they_are_named(project: Path, write: Write) -> None:
    notebook = write(project / "work" / "nb.ipynb", 'read("../data/train.csv")', 'read(ROOT / "test.csv")')
    for name in ("data/train.csv", "data/test.csv", "data/other.csv"):
        write(project / name, LARGE)
    assert set(pack(notebook).left_out) == {
        LeftOut(path="data/train.csv", reason=Reason.LARGE, size=len(LARGE), named=True, certain=True),
        LeftOut(path="data/test.csv", reason=Reason.LARGE, size=len(LARGE), named=True),
        LeftOut(path="data/other.csv", reason=Reason.LARGE, size=len(LARGE), named=False),
    }


def test_ignored_files_are_told_of_where_the_notebook_names_them(project: Path, write: Write) -> None:
    notebook = write(
        project / "nb.ipynb", 'read("data/train.csv"); open("secret.key"); use("models")', 'f("absent.csv")'
    )
    write(project / ".gitignore", "data/\nmodels/\nother/")
    for name in ("data/train.csv", "secret.key", "models/m.bin", "other/o.csv"):
        write(project / name)
    packed = pack(notebook)
    assert left(packed) == dict.fromkeys(("data/train.csv", "secret.key", "models"), Reason.IGNORED)
    assert all(one.named for one in packed.left_out)
    assert [one.path for one in packed.left_out if one.folder] == ["models"]


def test_files_beyond_the_root_are_told_of_where_the_notebook_names_them(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb", 'read("../shared/train.csv"); read("/etc/hostname"); read("../absent")')
    write(project.parent / "shared" / "train.csv", "a")
    assert pack(notebook).left_out == (
        LeftOut(path="../shared/train.csv", reason=Reason.OUTSIDE, size=1, named=True, certain=True),
    )


def test_needed_modules_are_packed_though_large_or_ignored(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb", "import big, generated")
    write(project / "big.py", f"# {LARGE}")
    write(project / "generated.py")
    write(project / ".gitignore", "generated.py")
    packed = pack(notebook)
    assert {"big.py", "generated.py"} <= paths(packed)
    assert packed.left_out == ()


def test_a_notebook_in_another_language_is_packed_with_its_files(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb", 'source("helpers.R"); read.csv("data.csv")', language="R")
    write(project / "helpers.R")
    write(project / "data.csv", LARGE)
    packed = pack(notebook)
    assert "helpers.R" in paths(packed)
    assert packed.left_out[0].named


def test_links_inside_the_root_are_packed_as_what_they_lead_to(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb")
    write(project / "real" / "a.txt", "hello")
    (project / "link.txt").symlink_to("real/a.txt")
    (project / "folder").symlink_to(project / "real")
    with pack(notebook) as packed:
        digests = {file.path: file.digest for file in packed.request.files}
        assert packed.read(digests["link.txt"]) == b"hello"
        assert digests["folder/a.txt"] == digests["real/a.txt"]


def test_links_that_leave_lead_nowhere_or_go_round_are_left_out(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb")
    outside = write(project.parent / "outside" / "secret.txt")
    for name in ("a", "b"):
        (project / name).mkdir()
    links: dict[str, str | Path] = {
        "out": outside,
        "outer": outside.parent,
        "up": "..",
        "here": ".",
        "gone": "absent",
        "self": "self",
    }
    for name, target in {**links, "a/b": "../b", "b/a": "../a"}.items():
        (project / name).symlink_to(target)
    packed = pack(notebook)
    assert paths(packed) == {"nb.ipynb", "gristmill.yaml"}
    assert set(left(packed).values()) == {Reason.LINK}
    assert set(links) <= set(left(packed))


def test_a_link_to_what_is_ignored_does_not_bring_it_in(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb")
    write(project / ".env", "SECRET=1")
    write(project / ".venv" / "x.txt", "x")
    (project / "settings.txt").symlink_to(".env")
    (project / "environment").symlink_to(".venv")
    assert paths(pack(notebook)) == {"nb.ipynb", "gristmill.yaml"}


def test_a_notebook_that_is_a_link_out_of_the_project_is_refused(project: Path, write: Write) -> None:
    real = write(project.parent / "elsewhere" / "nb.ipynb")
    (project / "nb.ipynb").symlink_to(real)
    with pytest.raises(InvalidInputError, match="outside the project root") as caught:
        pack(project / "nb.ipynb")
    assert str(real) in (caught.value.hint or "")


@pytest.mark.timeout(20)
def test_pipes_sockets_and_devices_are_not_opened(project: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = write(project / "nb.ipynb", "import pipe")
    os.mkfifo(project / "pipe.py")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(project)  # a socket's path is short
        listener.bind("socket")
        assert left(pack(notebook)) == {"pipe.py": Reason.SPECIAL, "socket": Reason.SPECIAL}


def test_names_that_other_systems_refuse_are_left_out(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb")
    for name in (b"bad\xff.txt", b"line\nbreak", b"back\\slash", b"ok \xc3\xa9.txt"):
        Path(os.fsdecode(os.fsencode(project) + b"/" + name)).touch()
    packed = pack(notebook)
    assert left(packed) == dict.fromkeys(("bad\ufffd.txt", "line\ufffdbreak", "back\\slash"), Reason.NAME)
    assert "ok é.txt" in paths(packed)


def test_a_notebook_whose_own_path_cannot_be_told_is_refused(project: Path, write: Write) -> None:
    folder = Path(os.fsdecode(os.fsencode(project) + b"/bad\xff"))
    with pytest.raises(InvalidInputError, match="is not UTF-8"):
        pack(write(folder / "nb.ipynb"))


def test_a_file_that_cannot_be_read_is_left_out(project: Path, write: Write, on_read: OnRead) -> None:
    notebook = write(project / "nb.ipynb")
    write(project / "secret.txt")
    on_read["secret.txt"] = denied
    assert left(pack(notebook)) == {"secret.txt": Reason.UNREADABLE}


def test_a_needed_module_that_cannot_be_read_is_refused(project: Path, write: Write, on_read: OnRead) -> None:
    notebook = write(project / "nb.ipynb", "import mine")
    write(project / "mine.py")
    on_read["mine.py"] = denied
    with pytest.raises(InvalidInputError, match=r"the module mine\.py cannot be read: Permission denied"):
        pack(notebook)


def test_files_that_change_or_vanish_while_packing(project: Path, write: Write, on_read: OnRead) -> None:
    """What was read counts, a vanished file has never been, a grown one is large, a swapped one is not read."""
    notebook = write(project / "nb.ipynb")
    for name in ("changed.txt", "vanished.txt", "grown.txt", "linked.txt", "piped.txt"):
        write(project / name, "before")

    def swap(name: str, make: Callable[[Path], object]) -> None:
        (project / name).unlink()
        make(project / name)

    on_read["changed.txt"] = partial(write, project / "changed.txt", "after")
    on_read["vanished.txt"] = (project / "vanished.txt").unlink
    on_read["grown.txt"] = partial(write, project / "grown.txt", LARGE)
    on_read["linked.txt"] = partial(swap, "linked.txt", lambda path: path.symlink_to("/etc/hostname"))
    on_read["piped.txt"] = partial(swap, "piped.txt", os.mkfifo)
    packed = pack(notebook)
    digests = {file.path: file.digest for file in packed.request.files}
    assert packed.read(digests.pop("changed.txt")) == b"after"
    assert set(digests) == {"nb.ipynb", "gristmill.yaml"}
    assert left(packed) == {
        "grown.txt": Reason.LARGE,
        "linked.txt": Reason.UNREADABLE,
        "piped.txt": Reason.SPECIAL,
    }


def test_what_was_packed_can_be_read_after_the_file_has_changed(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb")
    file = write(project / "a.txt", "before")
    packed = pack(notebook)
    file.unlink()
    digest = next(one.digest for one in packed.request.files if one.path == "a.txt")
    assert packed.read(digest) == b"before"


def test_too_many_files_name_the_folder_that_holds_them(
    project: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "MAX_FILES", 20)
    notebook = write(project / "nb.ipynb")
    for index in range(30):
        write(project / "images" / "cats" / f"{index}.txt")
    with pytest.raises(TooLargeError, match=r"32 files, at most 20 .*largest: images/cats/ \(30 files") as caught:
        pack(notebook)
    assert ".gristmillignore" in (caught.value.hint or "")
    for index in range(30, 60):
        write(project / "images" / "dogs" / f"{index}.txt")
    with pytest.raises(TooLargeError, match="more than 40 files, at most 20 are allowed"):
        pack(notebook)
    write(project / ".gristmillignore", "images/\n")
    assert "nb.ipynb" in paths(pack(notebook))


def test_too_many_bytes_name_the_folder_that_holds_them(
    project: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "MAX_BYTES", 10_000)
    notebook = write(project / "nb.ipynb")
    for index in range(3):
        write(project / "data" / f"{index}.csv", "x" * 5000)
    with pytest.raises(TooLargeError, match=r"bytes of small files.*largest: data/ \(3 files"):
        pack(notebook)


def test_a_project_of_endless_folders_is_refused_before_it_is_walked(
    project: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "MAX_ENTRIES", 50)
    notebook = write(project / "nb.ipynb")
    for index in range(100):
        (project / "deep" / str(index)).mkdir(parents=True)
    with pytest.raises(TooLargeError, match="more than 50 entries"):
        pack(notebook)


def test_an_unmarked_folder_is_not_walked_through_and_that_is_told(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a home directory: the notebook, its modules and what it names."""
    monkeypatch.setattr(packing, "MAX_ENTRIES_UNMARKED", 20)
    home = tmp_path / "home"
    notebook = write(home / "nb.ipynb", 'import mine; read("z/near.csv"); read("z/far.csv"); open("z/link")')
    write(home / "mine.py")
    write(home / "z" / "near.csv")
    write(home / "z" / "far.csv", LARGE)
    (home / "z" / "link").symlink_to("/etc/hostname")
    for index in range(30):
        write(home / "a" / f"{index}.txt")
    packed = pack(notebook, within=home)
    assert paths(packed) == {"nb.ipynb", "mine.py", "z/near.csv"}
    assert left(packed)["z/far.csv"] is Reason.LARGE
    assert "is not marked as a project" in packed.notices[0]


def test_a_small_unmarked_folder_is_packed_whole(tmp_path: Path, write: Write) -> None:
    notebook = write(tmp_path / "nb.ipynb")
    write(tmp_path / "a.txt")
    packed = pack(notebook, within=tmp_path)
    assert paths(packed) == {"nb.ipynb", "a.txt"}
    assert packed.notices == ()


def test_git_facts_and_diff_travel_with_the_snapshot(project: Path, write: Write) -> None:
    notebook = write(project / "nb.ipynb")
    text = write(project / "a.txt", "one\n")
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "first")):
        subprocess.run(["git", *arguments], cwd=project, check=True)
    text.write_text("two\n")
    packed = pack(notebook)
    assert packed.request.git is not None
    assert packed.request.git.dirty
    assert packed.request.git.diff is not None
    assert b"+two" in packed.read(packed.request.git.diff)


@pytest.mark.parametrize(("name", "says"), [("nb2.ipynb", "Did you mean nb.ipynb?"), ("quite/other.ipynb", None)])
def test_a_notebook_that_is_not_there(project: Path, write: Write, name: str, says: str | None) -> None:
    write(project / "nb.ipynb")
    with pytest.raises(NotFoundError, match="there is no notebook") as caught:
        pack(project / name)
    assert caught.value.hint == says


def test_a_folder_is_no_notebook(project: Path) -> None:
    with pytest.raises(InvalidInputError, match="is a folder; expected a notebook"):
        pack(project)


def test_a_file_that_is_no_notebook_is_refused_by_name(project: Path, write: Write) -> None:
    with pytest.raises(InvalidInputError, match=r"^notes.txt: the notebook is not JSON"):
        pack(write(project / "notes.txt", "hello"))


def test_a_notebook_outside_the_confines_is_refused(project: Path, write: Write) -> None:
    with pytest.raises(InvalidInputError, match="lies outside"):
        pack(write(project.parent / "nb.ipynb"), within=project)


def test_packing_needs_the_base_install_only(project: Path, write: Write) -> None:
    """Nothing of the server's, the worker's or the serving side's is imported."""
    notebook = write(project / "nb.ipynb")
    code = f"""
import sys, json
from pathlib import Path
from gristmill.client.pack import pack
pack(Path({str(notebook)!r})).close()
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {"fastapi", "sqlalchemy", "mlflow", "papermill", "nbformat", "pandas", "numpy", "pydantic"}
    assert heavy.isdisjoint(json.loads(done.stdout))


def test_python_files_of_a_package_that_is_not_built_stay_behind(project: Path, write: Write) -> None:
    write(project / "lib" / "__init__.py", "from lib._fast import f")
    write(project / "lib" / "table.csv", "1,2")
    write(project / "beside.py", "import lib")
    packed = pack(write(project / "examples" / "nb.ipynb", "import beside"))
    paths = {file.path for file in packed.request.files}
    assert paths == {"examples/nb.ipynb", "beside.py", "gristmill.yaml", "lib/table.csv"}
    assert any("the package lib of the project is not used: its lib._fast" in one for one in packed.notices)
