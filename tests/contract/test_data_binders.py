"""What every binder of data promises, whichever way it goes. Above all: the data itself is never deleted."""

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gristmill.core.ids import new_id
from gristmill.runs.executors.local import LocalExecutor
from gristmill.worker.data_roots.binders.base import Binder, Bound, CannotBindError
from gristmill.worker.data_roots.binders.mount import MountBinder
from gristmill.worker.data_roots.binders.reflink import ReflinkBinder
from gristmill.worker.data_roots.binders.symlink import SymlinkBinder
from gristmill.worker.data_roots.listing import list_local
from tests.unit.conftest import TestClock

FILES = {"big.csv": b"a,b\n" * 100, "raw/a.bin": b"\0\1", "raw/deep/ü ö.txt": b"x", "empty.txt": b""}


def copied(source: int, target: int) -> None:
    """What a clone looks like from outside, on file systems that share no blocks."""
    os.write(target, os.pread(source, os.fstat(source).st_size, 0))


BINDERS: dict[str, Callable[[], Binder]] = {
    "symlink": SymlinkBinder,
    "symlink of the whole folder": lambda: SymlinkBinder(max_links=0),
    "reflink": lambda: ReflinkBinder(clone=copied),
    "mount": MountBinder,
}


@pytest.fixture(params=BINDERS)
def binder(request: pytest.FixtureRequest, tmp_path: Path) -> Binder:
    made = BINDERS[request.param]()
    if isinstance(made, MountBinder):
        (tmp_path / "probe").mkdir()
        try:
            made.bind(list_local(tmp_path / "probe"), tmp_path / "probed").release()
        except CannotBindError as error:
            pytest.skip(error.message)
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "the data"
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "nothing here").mkdir()
    (folder / "latest").symlink_to("raw")
    (folder / "gone").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.fixture
def attempt(tmp_path: Path) -> Path:
    """An attempt's folder where the local executor keeps them."""
    folder = tmp_path / "attempts" / new_id("attempt", TestClock().now())
    (folder / "workspace").mkdir(parents=True)
    return folder


@pytest.fixture
def bind(binder: Binder, attempt: Path) -> Iterator[Callable[[Path, str], tuple[Path, Bound]]]:
    bound: list[Bound] = []

    def bind(source: Path, at: str = "data") -> tuple[Path, Bound]:
        place = attempt / "workspace" / at
        bound.append(binder.bind(list_local(source), place))
        return place, bound[-1]

    yield bind
    for one in bound:
        one.release()


def contents(folder: Path) -> dict[str, bytes]:
    """What is read below it, links followed."""
    paths = [Path(top, name) for top, _, names in os.walk(folder, followlinks=True) for name in names]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(paths)
        if path.is_file() and "latest" not in path.parts
    }


def versions(folder: Path) -> dict[str, tuple[int, int, int, int]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path)] = (status.st_size, status.st_mtime_ns, status.st_ino, stat.S_IMODE(status.st_mode))
    return found


Bind = Callable[..., tuple[Path, Bound]]


def test_every_file_is_there_with_its_content(bind: Bind, data: Path) -> None:
    place, _ = bind(data)
    assert contents(place) == FILES
    assert (place / "latest/a.bin").read_bytes() == FILES["raw/a.bin"]
    assert (place / "nothing here").is_dir()


def test_a_root_may_be_a_single_file_at_a_deep_place(bind: Bind, data: Path) -> None:
    place, bound = bind(data / "big.csv", "a/b/renamed.csv")
    assert place.read_bytes() == FILES["big.csv"]
    assert bound.holds(place)


def test_it_says_which_paths_are_data_and_which_a_run_has_made(bind: Bind, data: Path) -> None:
    place, bound = bind(data)
    assert bound.holds(place / "raw/a.bin")
    assert not bound.holds(place.parent / "other.csv")
    if not bound.wholes:
        (place / "processed.csv").write_bytes(b"new")
        assert not bound.holds(place / "processed.csv")
        assert not (data / "processed.csv").exists()


def test_a_file_of_the_snapshot_stays_and_the_data_comes_beside_it(
    binder: Binder, bind: Bind, data: Path, attempt: Path
) -> None:
    own = attempt / "workspace" / "data" / "raw" / "a.bin"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"the snapshot's")
    if isinstance(binder, MountBinder):
        with pytest.raises(CannotBindError):
            bind(data)
        return
    place, bound = bind(data)
    assert contents(place) == {**FILES, "raw/a.bin": b"the snapshot's"}
    assert not bound.holds(own)


def test_removing_the_attempts_folder_leaves_the_data(bind: Bind, data: Path, attempt: Path) -> None:
    """Without a release before, as after a worker that was killed."""
    before, read = versions(data), contents(data)
    bind(data)
    bind(data / "big.csv", "single.csv")
    LocalExecutor(attempt.parent).forget(attempt.name)
    subprocess.run(["rm", "-rf", str(attempt)], check=False, capture_output=True)
    shutil.rmtree(attempt, ignore_errors=True)
    assert contents(data) == read
    assert versions(data) == before


def test_after_the_release_the_folder_is_removed_whole_and_the_data_stays(
    bind: Bind, data: Path, attempt: Path
) -> None:
    before = versions(data)
    _, bound = bind(data)
    bound.release()
    bound.release()
    LocalExecutor(attempt.parent).forget(attempt.name)
    assert not attempt.exists()
    assert versions(data) == before


def test_what_a_notebook_deletes_or_renames_among_the_data_stays_at_its_source(bind: Bind, data: Path) -> None:
    before = versions(data)
    place, bound = bind(data)
    if bound.method == "symlink" and bound.wholes:
        return  # so many files that the folder is linked as a whole: noticed afterwards
    for act in (
        (place / "big.csv").unlink,
        lambda: (place / "raw/a.bin").rename(place / "raw/b.bin"),
        lambda: shutil.rmtree(place / "raw"),
        place.rmdir,
    ):
        try:
            act()
        except OSError as error:
            assert error.errno in {errno.EROFS, errno.EBUSY, errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTEMPTY}  # noqa: PT017  # either way is right
    assert versions(data) == before


def test_what_is_written_into_data_reaches_no_source_except_through_a_link(bind: Bind, data: Path) -> None:
    place, bound = bind(data)
    try:
        (place / "big.csv").write_bytes(b"overwritten")
    except OSError as error:
        assert error.errno in {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTEMPTY}  # noqa: PT017  # either way is right
    assert (data / "big.csv").read_bytes() == FILES["big.csv"] or bound.method == "symlink"
    assert not (bound.frozen and bound.method == "symlink")


def test_what_is_in_the_way_is_left_as_it_was_and_nothing_stays_behind(
    binder: Binder, data: Path, attempt: Path
) -> None:
    workspace = attempt / "workspace"
    (workspace / "file").write_bytes(b"mine")
    with pytest.raises(CannotBindError):
        binder.bind(list_local(data), workspace / "file" / "data")
    assert [path.name for path in workspace.rglob("*")] == ["file"]
    assert (workspace / "file").read_bytes() == b"mine"


def test_a_file_system_without_clones_is_said_and_left_clean(data: Path, attempt: Path) -> None:
    def refuse(_source: int, _target: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    place = attempt / "workspace" / "data"
    with pytest.raises(CannotBindError, match="not supported"):
        ReflinkBinder(clone=refuse).bind(list_local(data), place)
    assert not place.exists()


def test_a_clone_of_a_file_that_changes_meanwhile_is_none(data: Path, attempt: Path) -> None:
    listing = list_local(data)
    (data / "big.csv").write_bytes(b"other")
    with pytest.raises(CannotBindError, match="changed while"):
        ReflinkBinder(clone=copied).bind(listing, attempt / "workspace" / "data")
    assert not (attempt / "workspace" / "data").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_a_mount_is_seen_by_the_processes_of_the_worker_alone(data: Path, attempt: Path) -> None:
    """Whoever removes the folder, meanwhile or after the worker was killed, meets an empty one."""
    code = (
        "import sys; from pathlib import Path\n"
        "from gristmill.worker.data_roots.binders.base import CannotBindError\n"
        "from gristmill.worker.data_roots.binders.mount import MountBinder\n"
        "from gristmill.worker.data_roots.listing import list_local\n"
        "try: MountBinder().bind(list_local(Path(sys.argv[1])), Path(sys.argv[2]))\n"
        "except CannotBindError: print('cannot', flush=True); sys.exit()\n"
        "print(sorted(one.name for one in Path(sys.argv[2]).iterdir())[0], flush=True); sys.stdin.read()\n"
    )
    place = attempt / "workspace" / "data"
    worker = subprocess.Popen(
        [sys.executable, "-c", code, str(data), str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    said = worker.stdout.readline().strip()
    try:
        if said == "cannot":
            pytest.skip("this process may not mount")
        assert said == "big.csv"
        assert list(place.iterdir()) == []
        LocalExecutor(attempt.parent).forget(attempt.name)
        assert not place.exists()
    finally:
        worker.kill()
        worker.communicate()
    assert contents(data) == FILES
