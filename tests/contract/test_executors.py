"""What every executor must do. The docstring in `gristmill/runs/executors/base.py` is the contract."""

import json
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
from gristmill.core.errors import InvalidInputError, UnavailableError
from gristmill.core.ids import new_id
from gristmill.core.kubernetes import Cluster
from gristmill.profiles.model import Profile, Resources
from gristmill.runs.executors.base import Executor, Launch, Presence
from gristmill.runs.executors.kubernetes import KubernetesExecutor, RunPods
from gristmill.runs.executors.local import LocalExecutor
from tests.kubernetes import STAND_IN, Ground
from tests.unit.conftest import TestClock
from tests.waiting import until

STAND_INS = Path(__file__).parent / "stand_ins"
MODULE = "worker_stand_in"

Make = Callable[[], Executor]


def local(tmp_path: Path) -> Iterator[Make]:
    command = (sys.executable, "-m", MODULE)
    yield lambda: LocalExecutor(tmp_path / "attempts", command=command)


def local_from_a_zygote(tmp_path: Path) -> Iterator[Make]:
    """Every worker is forked: the zygote is there before the first, and none is started in another way."""
    if not is_supported():
        pytest.skip("this platform has no zygotes")
    command = (sys.executable, "-m", MODULE)
    warm = WarmWorkers(tmp_path, module=MODULE, ahead=("psutil",))
    others = started_here()
    assert warm.start(sys.executable, processes.inherited_environ())
    until(lambda: [one for one in zygotes(tmp_path) if one.imported], what="the zygote answers")
    executor = LocalExecutor(tmp_path / "attempts", command=command, warm=warm)
    yield lambda: LocalExecutor(tmp_path / "attempts", command=command, warm=warm)
    assert len(zygotes(tmp_path)) == 1, "one zygote served all"
    executor.stand_down()
    until(lambda: started_here() <= others, what="the zygote is gone")


def on_kubernetes(ground: Ground) -> Iterator[Make]:
    """With the rights of the control plane's own account; each stands for a control plane with watches of its own."""
    clusters = []

    def make() -> Executor:
        clusters.append(Cluster(ground.namespace))
        pods = RunPods(image=STAND_IN, command=("python", f"/stand_ins/{MODULE}.py"))
        return KubernetesExecutor(clusters[-1], pods, on_change=lambda: None)

    yield make
    for cluster in clusters:
        cluster.close()


@pytest.fixture(params=["local", "local_from_a_zygote", pytest.param("on_kubernetes", marks=pytest.mark.cluster)])
def make(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes an executor on the same ground; a second one stands for a control plane that was restarted."""
    if request.param == "on_kubernetes":
        ground: Ground = request.getfixturevalue("kubernetes_ground")
        monkeypatch.setenv("KUBECONFIG", str(ground.kubeconfig))
        yield from on_kubernetes(ground)
        return
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    yield from (local if request.param == "local" else local_from_a_zygote)(tmp_path)


@pytest.fixture
def attempt(make: Make) -> Iterator[str]:
    name = new_id("attempt", TestClock().now())
    yield name
    make().kill(name)
    until(lambda: make().clean_up(name), what="everything of the attempt is gone")


def launch(executor: Executor, attempt: str) -> None:
    profile = Profile(name="small", resources=Resources(cpu=0.1, memory=64 * 2**20))
    executor.launch(Launch(attempt=attempt, url="http://127.0.0.1:1", token="the-token", profile=profile))


def told(executor: Executor, attempt: str) -> list[list[object]]:
    """What its workers say that they were told, each of them."""
    lines = executor.log_tail(attempt).splitlines()
    return [json.loads(line.removeprefix("told ")) for line in lines if line.startswith("told ")]


def launched(executor: Executor, attempt: str) -> Executor:
    launch(executor, attempt)
    until(lambda: told(executor, attempt), what="the worker is at work")
    return executor


def test_kernels_are_those_that_a_worker_finds_where_that_can_be_told(make: Make) -> None:
    found = make().kernels()
    assert found is None or "python3" in found


def test_a_worker_is_absent_then_alive_then_gone(make: Make, attempt: str) -> None:
    executor = make()
    assert executor.observe(attempt) is Presence.ABSENT
    launch(executor, attempt)
    assert executor.observe(attempt) is Presence.ALIVE
    until(lambda: told(executor, attempt), what="the worker is at work")
    executor.kill(attempt)
    until(lambda: executor.observe(attempt) is Presence.GONE, what="it is gone")


def test_a_worker_is_told_url_attempt_and_token_and_inherits_no_credentials(
    make: Make, attempt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRISTMILL_TOKEN", "the-control-planes-own")
    executor = launched(make(), attempt)
    assert told(executor, attempt) == [["http://127.0.0.1:1", attempt, "the-token", False]]
    shown = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not any("the-token" in arguments for arguments in shown)


def test_launching_again_adopts_the_living_worker(make: Make, attempt: str) -> None:
    launched(make(), attempt)
    restarted = launched(make(), attempt)
    assert restarted.observe(attempt) is Presence.ALIVE
    assert len(told(restarted, attempt)) == 1


def test_launching_before_anything_was_seen_makes_no_second_worker(make: Make, attempt: str) -> None:
    first, second = make(), make()
    launch(first, attempt)
    launch(second, attempt)
    launched(first, attempt)
    assert len(told(second, attempt)) == 1


def test_cancel_asks_the_worker_and_a_restarted_control_plane_can_too(make: Make, attempt: str) -> None:
    launched(make(), attempt)
    restarted = make()
    restarted.cancel(attempt)
    until(lambda: restarted.observe(attempt) is Presence.GONE, what="the worker obeyed")


def test_clean_up_ends_what_a_worker_left_behind(make: Make, attempt: str) -> None:
    executor = launched(make(), attempt)
    executor.cancel(attempt)
    until(lambda: executor.observe(attempt) is Presence.GONE, what="the worker is gone")
    until(lambda: executor.clean_up(attempt), what="its child is gone")
    assert attempt in executor.left()
    executor.forget(attempt)
    until(lambda: executor.observe(attempt) is Presence.ABSENT, what="nothing is kept of it")
    assert attempt not in executor.left()


def test_a_worker_that_ended_before_it_began_can_be_launched_again(make: Make, attempt: str) -> None:
    executor = launched(make(), attempt)
    executor.cancel(attempt)
    until(lambda: executor.observe(attempt) is Presence.GONE and executor.clean_up(attempt), what="it is gone")

    def again() -> bool:
        try:
            launch(executor, attempt)
        except UnavailableError:
            return False
        return executor.observe(attempt) is Presence.ALIVE

    until(again, what="it is there again")


def test_doing_it_to_an_attempt_that_is_gone_does_nothing(make: Make) -> None:
    executor = make()
    name = new_id("attempt", TestClock().now())
    executor.cancel(name)
    executor.kill(name)
    executor.forget(name)
    assert executor.clean_up(name)
    assert executor.undelivered(name, 0) == ()
    assert list(executor.undelivered_blobs(name)) == []
    assert executor.log_tail(name) == ""
    assert executor.holdup(name) is None
    assert executor.ended_by(name) is None


def test_a_name_that_leaves_the_folder_is_refused(make: Make) -> None:
    with pytest.raises(InvalidInputError):
        make().observe("../../etc")


def test_what_a_local_worker_could_not_deliver_is_read_without_its_cut_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pod's folder goes with it: there a worker tries for as long as the pod lives."""
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    executor, attempt = next(local(tmp_path))(), new_id("attempt", TestClock().now())
    launched(executor, attempt)
    assert [event.n for event in executor.undelivered(attempt, 0)] == [1, 2]
    assert [event.n for event in executor.undelivered(attempt, 1)] == [2]
    assert executor.undelivered(attempt, 2) == ()
    blobs = {digest: b"".join(chunks) for digest, chunks in executor.undelivered_blobs(attempt)}
    assert blobs == {digest_of(b"hello"): b"hello"}
    until(lambda: executor.clean_up(attempt) and executor.observe(attempt) is Presence.GONE, what="it is gone")


@pytest.mark.parametrize("program", ["import sys; sys.exit(1)", "print('no JSON')", "print('[1]')"])
def test_where_kernels_cannot_be_told_nothing_is_claimed(tmp_path: Path, program: str) -> None:
    assert LocalExecutor(tmp_path, kernels=(sys.executable, "-c", program)).kernels() is None
