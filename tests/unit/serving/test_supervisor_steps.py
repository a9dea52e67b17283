"""What a supervisor decides, with workers that only pretend: the real ones are in tests/integration/serving."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gristmill.core.errors import UnavailableError
from gristmill.endpoints.model import DesiredState, EndpointState, Observed, Phase
from gristmill.serving.errors import LoadError
from gristmill.serving.folders import DESIRED, SERVING, EndpointFolder
from gristmill.serving.listener import Listeners
from gristmill.serving.report import KeysInForce
from gristmill.serving.retries import MOST_DEATHS
from gristmill.serving.starting import DiedError
from gristmill.serving.supervisor import Supervisor
from tests.serving_kit.endpoint import desired, variant
from tests.unit.conftest import TestClock


class Pretended:
    """A worker without a process."""

    def __init__(self, state: DesiredState) -> None:
        self.state = state
        self.status = None
        self.pid = state.generation
        self.exited = asyncio.Event()
        self.signals: list[signal.Signals] = []
        self.told: list[KeysInForce] = []

    @property
    def alive(self) -> bool:
        return not self.exited.is_set()

    def tell(self, keys: KeysInForce) -> None:
        self.told.append(keys)

    def end(self) -> str:
        return "was ended by SIGKILL"

    def last_words(self) -> str:
        return "was ended by SIGKILL; its last lines:\nno memory is left"

    async def stop(self, number: signal.Signals, patience: float) -> None:
        self.signals.append(number)
        self.exited.set()


class PretendingStarter:
    """Starts what the test lets it: `outcomes` by generation, an exception or an event to wait for."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Any] = {}
        self.begun: list[int] = []
        self.children: list[Pretended] = []
        self.cancelled: list[int] = []

    async def start(self, state: DesiredState, on_phase: Callable[[Phase], None]) -> Pretended:
        self.begun.append(state.generation)
        self.on_phase = on_phase
        on_phase(Phase.DOWNLOADING)
        outcome = self.outcomes.get(state.generation)
        try:
            if isinstance(outcome, asyncio.Event):
                await outcome.wait()
        except asyncio.CancelledError:
            self.cancelled.append(state.generation)
            raise
        if isinstance(outcome, Exception):
            raise outcome
        self.children.append(Pretended(state))
        return self.children[-1]


class Play:
    """One supervisor in a test's own time."""

    def __init__(self, root: Path) -> None:
        self.folder = EndpointFolder(root)
        self.starter = PretendingStarter()
        self.clock = TestClock()
        self.supervisor = Supervisor(self.folder, self.starter, Listeners(), self.clock)  # type: ignore[arg-type]

    def desire(
        self, generation: int, version: int | None = None, keys: tuple[str, ...] = (), *, waits: bool = False
    ) -> None:
        served = variant(version=str(version or generation))
        self.supervisor.take(desired(generation=generation, variants=(served,), key_hashes=keys, waits=waits))

    @property
    def now(self) -> Observed:
        observed = self.supervisor.observed()
        assert observed is not None
        return observed

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - conditions of any kind
                await asyncio.sleep(0)

    async def serves(self, generation: int) -> None:
        await self.until(lambda: self.now.state is EndpointState.READY and self.now.generation == generation)

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.supervisor._wake.set()


@asynccontextmanager
async def play(root: Path) -> AsyncIterator[Play]:
    made = Play(root)
    running = asyncio.ensure_future(made.supervisor.run())
    try:
        yield made
    finally:
        made.supervisor.stop()
        await running


async def test_what_is_desired_is_started_written_down_and_served(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        assert endpoint.supervisor.observed() is None
        endpoint.desire(1)
        await endpoint.serves(1)
    folder = endpoint.folder
    assert folder.read(tmp_path / DESIRED) == folder.read(tmp_path / SERVING) == endpoint.supervisor.desired
    assert endpoint.now.state is EndpointState.STOPPED
    assert endpoint.starter.children[0].signals == [signal.SIGTERM]


async def test_the_old_worker_leaves_when_the_new_one_is_ready_and_not_before(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.desire(1)
        await endpoint.serves(1)
        loaded = endpoint.starter.outcomes[2] = asyncio.Event()
        endpoint.desire(2)
        await endpoint.until(lambda: 2 in endpoint.starter.begun)
        assert endpoint.starter.children[0].signals == []
        loaded.set()
        await endpoint.serves(2)
        await endpoint.until(lambda: endpoint.starter.children[0].signals == [signal.SIGUSR1])


async def test_a_newer_desire_ends_the_start_of_an_older_one(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.desire(1)
        await endpoint.serves(1)
        endpoint.starter.outcomes[2] = asyncio.Event()
        endpoint.desire(2)
        await endpoint.until(lambda: 2 in endpoint.starter.begun)
        endpoint.desire(3)
        await endpoint.serves(3)
        assert endpoint.starter.cancelled == [2]


async def test_a_return_to_what_serves_ends_the_start_of_the_other(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.desire(1)
        await endpoint.serves(1)
        endpoint.starter.outcomes[2] = asyncio.Event()
        endpoint.desire(2)
        await endpoint.until(lambda: 2 in endpoint.starter.begun)
        endpoint.desire(1)
        await endpoint.until(lambda: endpoint.starter.cancelled == [2])
        assert endpoint.starter.begun == [1, 2]


async def test_a_worker_that_dies_while_another_generation_loads_is_started_again_beside_it(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.desire(1)
        await endpoint.serves(1)
        loaded = endpoint.starter.outcomes[2] = asyncio.Event()
        endpoint.desire(2)
        await endpoint.until(lambda: 2 in endpoint.starter.begun)
        endpoint.starter.children[0].exited.set()
        await endpoint.until(lambda: endpoint.starter.begun == [1, 2, 1])
        await endpoint.serves(1)
        assert endpoint.now.restarts == 1
        loaded.set()
        await endpoint.serves(2)


async def test_a_failed_generation_is_told_and_tried_again_later(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.desire(1)
        await endpoint.serves(1)
        endpoint.starter.outcomes[2] = LoadError("no package", hint="install it")
        endpoint.desire(2)
        await endpoint.until(lambda: endpoint.now.failed_generation == 2)
        assert (endpoint.now.state, endpoint.now.generation) == (EndpointState.READY, 1)
        assert (endpoint.now.message, endpoint.now.hint) == ("no package", "install it")
        del endpoint.starter.outcomes[2]
        endpoint.later(9)
        await asyncio.sleep(0)
        assert endpoint.starter.begun == [1, 2]
        endpoint.later(2)
        await endpoint.serves(2)
        assert endpoint.now.failed_generation is None
        assert endpoint.now.message is None


async def test_files_that_cannot_be_had_are_no_failure_of_the_generation(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.starter.outcomes[1] = UnavailableError("MLflow does not answer")
        endpoint.desire(1)
        await endpoint.until(lambda: endpoint.now.message == "MLflow does not answer")
        assert (endpoint.now.state, endpoint.now.failed_generation) == (EndpointState.STARTING, None)
        del endpoint.starter.outcomes[1]
        endpoint.later(2)
        await endpoint.serves(1)
        assert endpoint.now.message is None


async def test_a_first_worker_that_dies_of_loading_is_a_failure(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.starter.outcomes[1] = DiedError("was ended by SIGKILL while it loaded")
        endpoint.desire(1)
        await endpoint.until(lambda: endpoint.now.state is EndpointState.FAILED)
        assert endpoint.now.failed_generation == 1


async def test_a_worker_that_served_before_and_dies_of_loading_is_tried_again_soon(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.desire(1)
        await endpoint.serves(1)
        endpoint.starter.outcomes[1] = DiedError("was ended by SIGKILL while it loaded")
        endpoint.starter.children[0].exited.set()
        await endpoint.until(lambda: len(endpoint.starter.begun) == 2)
        assert endpoint.now.state is EndpointState.STARTING
        del endpoint.starter.outcomes[1]
        endpoint.later(1)
        await endpoint.serves(1)


async def test_a_start_tells_its_phases_as_they_come(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        loaded = endpoint.starter.outcomes[1] = asyncio.Event()
        endpoint.desire(1)
        assert endpoint.supervisor.changed.is_set(), "what is desired is news"
        await endpoint.until(lambda: endpoint.now.phase is Phase.DOWNLOADING)
        for phase in (Phase.LOADING, Phase.CHECKING):
            endpoint.supervisor.changed.clear()
            endpoint.starter.on_phase(phase)
            assert (endpoint.now.state, endpoint.now.phase) == (EndpointState.STARTING, phase)
            assert endpoint.supervisor.changed.is_set()
        loaded.set()
        await endpoint.serves(1)
        await endpoint.until(lambda: endpoint.now.phase is None)


async def test_the_phase_of_a_new_generation_is_told_beside_the_one_that_serves(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.desire(1)
        await endpoint.serves(1)
        endpoint.starter.outcomes[2] = LoadError("no package")
        endpoint.desire(2)
        await endpoint.until(lambda: endpoint.now.failed_generation == 2)
        assert (endpoint.now.state, endpoint.now.generation, endpoint.now.phase) == (EndpointState.READY, 1, None)


async def test_a_worker_that_keeps_dying_soon_after_it_serves_has_failed(tmp_path: Path) -> None:
    """The reason has its last lines, and it is tried again, but seldom."""
    async with play(tmp_path) as endpoint:
        endpoint.desire(1)
        for count in range(MOST_DEATHS):
            await endpoint.serves(1)
            assert endpoint.now.restarts == count
            endpoint.starter.children[-1].exited.set()
            await endpoint.until(lambda: endpoint.now.state is not EndpointState.READY)
            endpoint.later(29)
        seen = endpoint.now
        assert (seen.state, seen.failed_generation, seen.restarts) == (EndpointState.FAILED, 1, MOST_DEATHS)
        assert "no memory is left" in (seen.message or "")
        endpoint.later(200)
        await asyncio.sleep(0)
        assert len(endpoint.starter.begun) == MOST_DEATHS
        endpoint.later(200)
        await endpoint.serves(1)
        assert endpoint.now.failed_generation is None


async def test_a_worker_that_served_before_and_keeps_dying_of_loading_has_failed(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.desire(1)
        await endpoint.serves(1)
        endpoint.starter.outcomes[1] = DiedError("while it loaded the model, worker 7 ended with status 1")
        endpoint.starter.children[0].exited.set()
        for count in range(1, MOST_DEATHS):
            await endpoint.until(lambda count=count: len(endpoint.starter.begun) == count + 1)  # type: ignore[misc]
            endpoint.later(29)
        await endpoint.until(lambda: endpoint.now.state is EndpointState.FAILED)
        assert "ended with status 1" in (endpoint.now.message or "")
        del endpoint.starter.outcomes[1]
        endpoint.desire(2)
        await endpoint.serves(2)


@pytest.mark.parametrize("fallback_loads", [True, False])
async def test_after_a_restart_what_served_last_comes_first(tmp_path: Path, fallback_loads: bool) -> None:  # noqa: FBT001 - a parameter of the test
    folder = EndpointFolder(tmp_path)
    folder.write(tmp_path / SERVING, desired(generation=1))
    folder.write(tmp_path / DESIRED, desired(generation=2))
    made = Play(tmp_path)
    if not fallback_loads:
        made.starter.outcomes[1] = LoadError("gone")
    made.supervisor.recall()
    running = asyncio.ensure_future(made.supervisor.run())
    await made.serves(2)
    assert made.starter.begun[:2] == [1, 2]
    made.supervisor.stop()
    await running


async def test_a_broken_memory_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / DESIRED).write_bytes(b"{")
    made = Play(tmp_path)
    made.supervisor.recall()
    assert made.supervisor.desired is None


async def test_stopping_ends_what_is_being_started(tmp_path: Path) -> None:
    async with play(tmp_path) as endpoint:
        endpoint.starter.outcomes[1] = asyncio.Event()
        endpoint.desire(1)
        await endpoint.until(lambda: endpoint.starter.begun == [1])
    assert endpoint.starter.cancelled == [1]


async def test_a_revoked_key_is_refused_at_once_by_the_worker_that_serves(tmp_path: Path) -> None:
    async with play(tmp_path) as made:
        made.desire(1, keys=("a", "b"))
        await made.serves(1)
        made.desire(2, version=1, keys=("a",))
        (child,) = made.starter.children
        assert child.told[-1] == KeysInForce(generation=2, key_hashes=("a",))
        await made.serves(2)
        assert made.starter.begun == [1], "the model is not loaded again"
        assert made.folder.read(tmp_path / SERVING) == made.supervisor.desired


async def test_a_key_is_revoked_although_the_new_generation_does_not_load(tmp_path: Path) -> None:
    async with play(tmp_path) as made:
        made.desire(1, keys=("a", "b"))
        await made.serves(1)
        made.starter.outcomes[2] = LoadError("broken")
        made.desire(2, keys=("a",))
        await made.until(lambda: made.now.failed_generation == 2)
        assert made.starter.children[0].told[-1] == KeysInForce(generation=1, key_hashes=("a",))


async def test_of_a_generation_that_waits_for_capacity_the_keys_are_in_force(tmp_path: Path) -> None:
    async with play(tmp_path) as made:
        made.desire(1, keys=("a", "b"))
        await made.serves(1)
        made.desire(2, keys=("a",), waits=True)
        (child,) = made.starter.children
        assert child.told[-1] == KeysInForce(generation=1, key_hashes=("a",))
        assert made.folder.read(tmp_path / DESIRED) == made.supervisor.desired
        made.desire(3, version=2, keys=("a",))
        await made.serves(3)
        assert made.starter.begun == [1, 3]


async def test_the_same_deployed_again_is_started_anew(tmp_path: Path) -> None:
    async with play(tmp_path) as made:
        made.desire(1, keys=("a",))
        await made.serves(1)
        made.desire(2, version=1, keys=("a",))
        await made.serves(2)
        assert made.starter.begun == [1, 2]
