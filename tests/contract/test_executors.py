"""What every executor must do. The docstring in `gristmill/runs/executors/base.py` is the contract."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from gristmill_kernels.starting import is_supported, started_here
from gristmill_kernels.status import zygotes
from gristmill_kernels.workers import WarmWorkers

from gristmill.core import processes
from gristmill.core.blobs import digest_of
from gristmill.core.errors import InvalidInputError
from gristmill.core.ids import new_id
from gristmill.profiles.model import Profile, Resources
from gristmill.runs.executors.base import Executor, Launch, Presence
from gristmill.runs.executors.local import LocalExecutor
from tests.unit.conftest import TestClock
from tests.waiting import until

# A worker that obeys the same arguments as the real one and notes what it was told. It holds its lock by keeping the
# inherited descriptor, starts a child in a session of its own, and ends when it is asked to.
WORKER = """
import os, signal, subprocess, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
os.set_inheritable(int(options["--lock-fd"]), False)
token = os.read(int(options["--token-fd"]), 1000).decode()
folder = options["--dir"]
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
with open(os.path.join(folder, "told"), "w") as told:
    told.write("\\n".join([options["--url"], options["--attempt"], token, str("GRISTMILL_TOKEN" in os.environ)]))
with open(os.path.join(folder, "journal.jsonl"), "w") as journal:
    for n in (1, 2):
        journal.write('{"n": %d, "kind": "log", "time": "2026-01-01T00:00:00Z", "data": {}}\\n' % n)
    journal.write('{"n": 3, "kind"')
os.mkdir(os.path.join(folder, "blobs"))
for name in ("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "half.unfinished"):
    with open(os.path.join(folder, "blobs", name), "w") as blob:
        blob.write("hello")
print("at work", flush=True)
os.rename(os.path.join(folder, "told"), os.path.join(folder, "ready"))
signal.pause()
"""


def local(tmp_path: Path) -> Iterator[Callable[[], Executor]]:
    command = (sys.executable, "-m", "stand_in")
    yield lambda: LocalExecutor(tmp_path / "attempts", command=command)


def local_from_a_zygote(tmp_path: Path) -> Iterator[Callable[[], Executor]]:
    """Every worker is forked: the zygote is there before the first, and none is started in another way."""
    if not is_supported():
        pytest.skip("this platform has no zygotes")
    command = (sys.executable, "-m", "stand_in")
    warm = WarmWorkers(tmp_path, module="stand_in", ahead=("psutil",))
    others = started_here()
    assert warm.start(sys.executable, processes.inherited_environ())
    until(lambda: [one for one in zygotes(tmp_path) if one.imported], what="the zygote answers")
    executor = LocalExecutor(tmp_path / "attempts", command=command, warm=warm)
    yield lambda: LocalExecutor(tmp_path / "attempts", command=command, warm=warm)
    assert len(zygotes(tmp_path)) == 1, "one zygote served all"
    executor.stand_down()
    until(lambda: started_here() <= others, what="the zygote is gone")


@pytest.fixture(params=[local, local_from_a_zygote])
def make(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Executor]]:
    """Makes an executor on the same ground; a second one stands for a control plane that was restarted."""
    (tmp_path / "stand_in.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    yield from request.param(tmp_path)


@pytest.fixture
def attempt(make: Callable[[], Executor]) -> Iterator[str]:
    name = new_id("attempt", TestClock().now())
    yield name
    make().kill(name)
    until(lambda: make().clean_up(name), what="everything of the attempt is gone")


def launch(executor: Executor, attempt: str) -> None:
    profile = Profile(name="small", resources=Resources(cpu=1))
    executor.launch(Launch(attempt=attempt, url="http://127.0.0.1:1", token="the-token", profile=profile))


def until_ready(folder: Path) -> list[str]:
    until((folder / "ready").exists, what="the worker is at work")
    return (folder / "ready").read_text().splitlines()


def test_kernels_are_those_that_a_worker_finds(make: Callable[[], Executor]) -> None:
    found = make().kernels()
    assert found is not None
    assert "python3" in found


def test_a_worker_is_absent_then_alive_then_gone(make: Callable[[], Executor], attempt: str, tmp_path: Path) -> None:
    executor = make()
    assert executor.observe(attempt) is Presence.ABSENT
    launch(executor, attempt)
    assert executor.observe(attempt) is Presence.ALIVE
    until_ready(tmp_path / "attempts" / attempt)
    executor.kill(attempt)
    until(lambda: executor.observe(attempt) is Presence.GONE, what="it is gone")


def test_a_worker_is_told_url_attempt_and_token_and_inherits_no_credentials(
    make: Callable[[], Executor], attempt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRISTMILL_TOKEN", "the-control-planes-own")
    launch(make(), attempt)
    assert until_ready(tmp_path / "attempts" / attempt) == ["http://127.0.0.1:1", attempt, "the-token", "False"]
    shown = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not any("the-token" in arguments for arguments in shown)


def test_launching_again_adopts_the_living_worker(make: Callable[[], Executor], attempt: str, tmp_path: Path) -> None:
    launch(make(), attempt)
    until_ready(tmp_path / "attempts" / attempt)
    (tmp_path / "attempts" / attempt / "ready").unlink()
    restarted = make()
    launch(restarted, attempt)
    assert restarted.observe(attempt) is Presence.ALIVE
    assert not (tmp_path / "attempts" / attempt / "ready").exists()


def test_cancel_asks_the_worker_and_a_restarted_control_plane_can_too(
    make: Callable[[], Executor], attempt: str, tmp_path: Path
) -> None:
    launch(make(), attempt)
    until_ready(tmp_path / "attempts" / attempt)
    restarted = make()
    restarted.cancel(attempt)
    until(lambda: restarted.observe(attempt) is Presence.GONE, what="the worker obeyed")


def test_clean_up_ends_what_a_worker_left_behind(make: Callable[[], Executor], attempt: str, tmp_path: Path) -> None:
    executor = make()
    launch(executor, attempt)
    until_ready(tmp_path / "attempts" / attempt)
    executor.cancel(attempt)
    until(lambda: executor.observe(attempt) is Presence.GONE, what="the worker is gone")
    assert not executor.clean_up(attempt), "its child was still there"
    until(lambda: executor.clean_up(attempt), what="its child is gone")
    executor.forget(attempt)
    assert executor.observe(attempt) is Presence.ABSENT


def test_what_a_worker_could_not_deliver_is_read_without_its_cut_last_line(
    make: Callable[[], Executor], attempt: str, tmp_path: Path
) -> None:
    executor = make()
    launch(executor, attempt)
    until_ready(tmp_path / "attempts" / attempt)
    assert [event.n for event in executor.undelivered(attempt, 0)] == [1, 2]
    assert [event.n for event in executor.undelivered(attempt, 1)] == [2]
    assert executor.undelivered(attempt, 2) == ()
    blobs = {digest: b"".join(chunks) for digest, chunks in executor.undelivered_blobs(attempt)}
    assert blobs == {digest_of(b"hello"): b"hello"}
    assert "at work" in executor.log_tail(attempt)


def test_doing_it_to_an_attempt_that_is_gone_does_nothing(make: Callable[[], Executor]) -> None:
    executor = make()
    name = new_id("attempt", TestClock().now())
    executor.cancel(name)
    executor.kill(name)
    assert executor.clean_up(name)
    assert executor.undelivered(name, 0) == ()
    assert list(executor.undelivered_blobs(name)) == []
    assert executor.log_tail(name) == ""


def test_a_name_that_leaves_the_folder_is_refused(make: Callable[[], Executor]) -> None:
    with pytest.raises(InvalidInputError):
        make().observe("../../etc")


@pytest.mark.parametrize("program", ["import sys; sys.exit(1)", "print('no JSON')", "print('[1]')"])
def test_where_kernels_cannot_be_told_nothing_is_claimed(tmp_path: Path, program: str) -> None:
    assert LocalExecutor(tmp_path, kernels=(sys.executable, "-c", program)).kernels() is None
