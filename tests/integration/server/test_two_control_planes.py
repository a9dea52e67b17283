"""Two control planes on one PostgreSQL, with real runs: one leads, the other takes over, and nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.wire import ServerStatus
from gristmill.runs.model import Run, RunState
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.postgres import TEMPLATE, Postgres, programs, server
from tests.processes import lives
from tests.waiting import until

SOON = 15.0  # seconds: a follower's patience and one transaction that may be open, on a busy machine

WAITS = """
import pathlib, time
pathlib.Path({mark!r}).open("a").write("begun\\n")
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """One that may be stopped."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL's server is not installed (Debian and Ubuntu: apt-get install postgresql)")
    with server(found) as postgres:
        postgres.execute(f"CREATE DATABASE {TEMPLATE}")
        ran = gristmill("db", "upgrade", url=postgres.address(TEMPLATE))
        assert ran.returncode == 0, ran.stderr
        yield postgres


@pytest.fixture(scope="module")
def both(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ControlPlane, ControlPlane]]:
    url = postgres.address(postgres.create(TEMPLATE))
    folder = tmp_path_factory.mktemp("planes")
    first, second = (ControlPlane(folder / name, url, folder / "shared") for name in ("first", "second"))
    yield first, second
    for plane in (first, second):
        resume(plane)
        end(plane)
    for process in psutil.process_iter(["cmdline", "environ"]):
        seen = f"{process.info['cmdline']} {process.info['environ']}"
        if str(folder) in seen and process.pid != os.getpid():
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture
def planes(both: tuple[ControlPlane, ControlPlane]) -> tuple[ControlPlane, ControlPlane]:
    """The one that leads, and the other; each is started where it does not live."""

    def leading() -> list[ControlPlane]:
        return [plane for plane in both if status(plane).leading]

    (leader,) = until(lambda: len(found := leading()) == 1 and found, what="one leads") or [both[0]]
    return leader, both[1] if leader is both[0] else both[0]


def gristmill(*arguments: str, url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "gristmill.cli.main", *arguments],
        env={**os.environ, "GRISTMILL_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def status(plane: ControlPlane) -> ServerStatus:
    with plane.client() as client:
        found: ServerStatus = client.send(api.status())
        return found


def resume(plane: ControlPlane) -> None:
    if (plane.home / "server.json").exists():
        os.kill(plane.pid, signal.SIGCONT)


def end(plane: ControlPlane) -> None:
    """With its runs; the other one then leads."""
    with plane.client() as client:
        process = psutil.Process(plane.pid)
        client.send(api.stop_server(everything=True))
    until(lambda: not lives(process), what="it has ended")


def begun(mark: Path) -> int:
    return mark.read_text().count("begun") if mark.exists() else 0


def check_whole(client: Client, run: Run) -> None:
    """Every event of the worker is there once and in order."""
    events = client.send(api.list_run_events(run.id, limit=1000)).events
    numbers = [event.n for event in events if event.n is not None]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [event.seq for event in events] == sorted(event.seq for event in events)


def test_a_follower_takes_over_from_a_leader_that_was_killed(
    planes: tuple[ControlPlane, ControlPlane], notebook: WriteNotebook, tmp_path: Path
) -> None:
    """Within seconds; the run that was under way ends once, and what is asked of the second is done."""
    first, second = planes
    mark, gate = tmp_path / "mark", tmp_path / "gate"
    with first.client() as client:
        run = client.run(notebook(WAITS.format(mark=str(mark), gate=str(gate)), "print(1)"))
        until(lambda: begun(mark), what="it runs")
    first.kill()
    until(lambda: status(second).leading, timeout=SOON, what="the second leads")
    with second.client() as client:
        other = client.run(notebook("x = 2"))
        gate.touch()
        assert client.wait(other).state is RunState.SUCCEEDED
        with first.client():  # it comes back, does not lead, and takes what the worker has to say
            assert client.wait(run).state is RunState.SUCCEEDED
            assert not status(first).leading
        check_whole(client, run)
    assert begun(mark) == 1


def test_a_leader_that_was_paused_finds_another_one_leading(
    planes: tuple[ControlPlane, ControlPlane], notebook: WriteNotebook
) -> None:
    first, second = planes
    os.kill(first.pid, signal.SIGSTOP)
    until(lambda: status(second).leading, timeout=SOON, what="the second leads")
    with second.client() as client:
        run = client.run(notebook("x = 1"))
        assert client.wait(run).state is RunState.SUCCEEDED
        resume(first)
        until(lambda: not status(first).leading, timeout=SOON, what="the first knows")
        assert status(second).leading
        assert client.wait(client.run(notebook("x = 2"))).state is RunState.SUCCEEDED
        check_whole(client, run)


def test_who_reads_from_the_one_is_woken_by_the_other(
    planes: tuple[ControlPlane, ControlPlane], notebook: WriteNotebook, postgres: Postgres
) -> None:
    """Also after the connections on which notifications come were cut."""
    first, second = planes
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    with first.client() as client, second.client() as follower:
        run = client.run(notebook("print(1)", "print(2)"))
        assert follower.wait(run).state is RunState.SUCCEEDED
        check_whole(follower, run)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_goes_on_while_the_database_is_away(
    planes: tuple[ControlPlane, ControlPlane],
    postgres: Postgres,
    notebook: WriteNotebook,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    """Meanwhile requests are answered with 503 and a problem; then all that was reported is there, and one leads.

    What waits is started when it is back. `--away 60`: for a minute.
    """
    first, second = planes
    mark, gate = tmp_path / "mark", tmp_path / "gate"
    with first.client() as client:
        run = client.run(notebook(WAITS.format(mark=str(mark), gate=str(gate)), "print(1)", "print(2)"))
        until(lambda: begun(mark), what="it runs")
        behind = client.run(notebook("print('behind')", name="behind.ipynb"), profile="large")
        credentials = client.transport.credentials
        postgres.stop()
        try:
            answer = httpx.get(
                f"{client.url}/api/runs", headers={"Authorization": f"Bearer {credentials.token}"}, timeout=60
            )
            gate.touch()
            threading.Event().wait(pytestconfig.getoption("--away"))
        finally:
            postgres.start()
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert str(postgres.url().password) not in answer.text
        for each in (run, behind):
            ended = client.wait(each)
            assert (ended.state, ended.attempt and ended.attempt.number) == (RunState.SUCCEEDED, 1), ended.fault
            check_whole(client, each)
        kinds = [event.kind for event in client.send(api.list_run_events(run.id, limit=1000)).events]
        assert (kinds.count("cell.finished"), kinds.count("run.succeeded")) == (3, 1)
        assert client.send(api.verify_audit()).broken_at is None
    assert begun(mark) == 1
    until(lambda: status(first).leading != status(second).leading, timeout=SOON, what="one leads")
    for plane in planes:
        log = (plane.home / "server.log").read_text()
        assert "Traceback" not in log, log[-3000:]


def test_control_planes_that_look_into_different_folders_do_not_share_a_database(
    planes: tuple[ControlPlane, ControlPlane], tmp_path: Path
) -> None:
    third = subprocess.run(
        [sys.executable, "-m", "gristmill.server"],
        env={
            **os.environ,
            "GRISTMILL_HOME": str(tmp_path / "third"),
            "GRISTMILL_DATABASE_URL": planes[0].database_url or "",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert third.returncode == 5
    assert "GRISTMILL_SHARED" in third.stderr


def test_a_server_asks_for_the_upgrade_that_a_database_needs(postgres: Postgres, tmp_path: Path) -> None:
    """`db status` says so too; `db upgrade` makes it; a schema that is newer is refused."""
    name = postgres.create()
    url = postgres.address(name)
    assert gristmill("db", "status", url=url).returncode == 5
    start = [sys.executable, "-m", "gristmill.server"]
    environ = {**os.environ, "GRISTMILL_HOME": str(tmp_path), "GRISTMILL_DATABASE_URL": url}
    refused = subprocess.run(start, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 5
    assert "gristmill db upgrade" in refused.stderr
    assert gristmill("db", "upgrade", url=url).returncode == 0
    assert gristmill("db", "status", url=url).returncode == 0
    assert "already" in gristmill("db", "upgrade", url=url).stdout
    postgres.execute("UPDATE alembic_version SET version_num = '9999'", name)
    for refused in (
        subprocess.run(start, env=environ, capture_output=True, text=True, timeout=60, check=False),
        gristmill("db", "upgrade", url=url),
    ):
        assert refused.returncode == 5
        assert "9999" in refused.stderr


def test_what_a_killed_one_has_left_is_stopped_with_the_next_one_at_once(postgres: Postgres, tmp_path: Path) -> None:
    """The next one does not lead yet when it is told so: it comes to lead, and ends all of it."""
    plane = ControlPlane(tmp_path / "home", postgres.address(postgres.create(TEMPLATE)))
    with plane.client() as client:
        until(lambda: client.send(api.status()).tracking == "ready", what="MLflow is there", timeout=120)
    plane.kill()
    assert not status(plane).leading
    plane.stop()
