"""Gristmill's own clock is set back an hour, and on a day, while control plane and workers live."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.runs.model import Run, RunState
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

INSIDE = Path(__file__).parent / "moved_clock"
HOUR, DAY = 3600.0, 24 * 3600.0
GATE = "import pathlib, time\nprint('waits')\nwhile not pathlib.Path({gate!r}).exists():\n    time.sleep(0.02)"


class Clock:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.move(0.0)

    def move(self, seconds: float) -> None:
        """From where it really stands."""
        unfinished = self.file.with_suffix(".new")
        unfinished.write_text(str(seconds))
        unfinished.replace(self.file)


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock") / "off")


@pytest.fixture(scope="module")
def control_plane(clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(INSIDE), os.environ.get("PYTHONPATH")))))
        patch.setenv("MOVED_CLOCK", str(clock.file))
        with plane.client() as client:
            client.send(api.status())
    yield plane
    plane.stop()


@pytest.fixture
def moved_while_it_runs(
    client: Client, clock: Clock, notebook: WriteNotebook, tmp_path: Path
) -> Callable[[float, float], Run]:
    """A run, over, in whose first cell the clock was moved: so far off before, and after. Another began then."""

    def story(before: float, after: float) -> Run:
        clock.move(before)
        gate = tmp_path / "gate"
        run = client.run(notebook(GATE.format(gate=str(gate)), "print('over')"), timeout_s=2 * HOUR, retries=1)
        until(lambda: printed(client, run) == ["waits"], what="its first cell waits")
        clock.move(after)
        beside = client.wait(client.run(notebook("print('beside')", name="beside.ipynb")))
        assert (beside.state, beside.fault) == (RunState.SUCCEEDED, None)
        assert abs((beside.created_at - datetime.now(UTC)).total_seconds() - after) < HOUR / 4, "it did move"
        gate.touch()
        return client.wait(run)

    return story


def printed(client: Client, run: Run) -> list[str]:
    page = client.send(api.list_run_events(run.id, after=0, limit=1000))
    chunks = [client.send(api.get_blob(event.data["digest"])) for event in page.events if event.kind == "log"]
    return b"".join(chunks).decode().split()


@pytest.mark.parametrize(
    ("before", "after"), [(0.0, -HOUR), (0.0, DAY), (DAY, 0.0)], ids=["back an hour", "on a day", "back a day"]
)
def test_a_run_goes_on_while_the_clock_moves(
    control_plane: ControlPlane,
    client: Client,
    moved_while_it_runs: Callable[[float, float], Run],
    before: float,
    after: float,
) -> None:
    pid = control_plane.pid
    run = moved_while_it_runs(before, after)
    assert (run.state, run.fault) == (RunState.SUCCEEDED, None)
    assert run.attempt is not None
    assert run.attempt.number == 1, "it was not taken for lost, nor for too long"
    assert printed(client, run) == ["waits", "over"]
    assert run.started_at is not None
    assert run.ended_at is not None
    assert run.started_at <= run.ended_at
    assert run.attempt.started_at is not None
    assert run.attempt.ended_at is not None
    assert run.attempt.started_at <= run.attempt.ended_at
    assert control_plane.pid == pid
    assert client.send(api.verify_audit()).broken_at is None
    until(lambda: not any(one.in_use for one in client.send(api.list_profiles())), what="all is given back")
