"""What every endpoint backend must do. The docstring in `gristmill/endpoints/backends/base.py` is the contract."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.core.ids import new_id
from gristmill.endpoints.backends.base import EndpointBackend, Supervision
from gristmill.endpoints.backends.local import LocalBackend
from tests.unit.conftest import TestClock
from tests.waiting import until

# Obeys a supervisor's arguments, notes what it was told, has a child of its own, and ends when it is asked to.
SUPERVISOR = """
import os, signal, subprocess, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
os.set_inheritable(int(options["--lock-fd"]), False)
token = os.read(int(options["--token-fd"]), 1000).decode()
folder = options["--dir"]
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
with open(os.path.join(folder, "told"), "a") as told:
    told.write(" ".join([options["--url"], options["--endpoint"], token]) + "\\n")
print("at work", flush=True)
open(os.path.join(folder, "ready"), "w").close()
signal.pause()
"""


@pytest.fixture(params=[LocalBackend])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], EndpointBackend]:
    """Makes a backend on the same ground; a second one stands for a control plane that was restarted."""
    program = tmp_path / "supervisor.py"
    program.write_text(SUPERVISOR)
    return lambda: request.param(tmp_path / "endpoints", command=(sys.executable, str(program)))


@pytest.fixture
def endpoint(make: Callable[[], EndpointBackend]) -> Iterator[str]:
    name = new_id("endpoint", TestClock().now())
    yield name
    until(lambda: make().clean_up(name), what="everything of the endpoint is gone")


def start(backend: EndpointBackend, endpoint: str, folder: Path) -> None:
    backend.start(Supervision(id=endpoint, name="churn", url="http://127.0.0.1:1", token="the-token"))
    until((folder / endpoint / "ready").exists, what="the supervisor is at work")


def test_a_supervisor_is_started_told_and_asked_to_end(
    make: Callable[[], EndpointBackend], endpoint: str, tmp_path: Path
) -> None:
    backend, folder = make(), tmp_path / "endpoints"
    assert not backend.is_alive(endpoint)
    start(backend, endpoint, folder)
    assert backend.is_alive(endpoint)
    assert (folder / endpoint / "told").read_text() == "http://127.0.0.1:1 churn the-token\n"
    assert "at work" in backend.log_tail(endpoint)
    backend.stop(endpoint)
    until(lambda: not backend.is_alive(endpoint), what="it ended")


def test_starting_again_adopts_the_living_one(
    make: Callable[[], EndpointBackend], endpoint: str, tmp_path: Path
) -> None:
    folder = tmp_path / "endpoints"
    start(make(), endpoint, folder)
    restarted = make()
    assert restarted.is_alive(endpoint)
    start(restarted, endpoint, folder)
    assert (folder / endpoint / "told").read_text().count("\n") == 1
    restarted.stop(endpoint)
    until(lambda: not restarted.is_alive(endpoint), what="the adopted one ended")


def test_what_a_supervisor_leaves_behind_is_ended_and_forgotten(
    make: Callable[[], EndpointBackend], endpoint: str, tmp_path: Path
) -> None:
    backend, folder = make(), tmp_path / "endpoints"
    start(backend, endpoint, folder)
    backend.stop(endpoint)
    until(lambda: not backend.is_alive(endpoint), what="it ended")
    assert not backend.clean_up(endpoint), "its child was still there"
    until(lambda: backend.clean_up(endpoint), what="its child is gone")
    backend.forget(endpoint)
    assert not (folder / endpoint).exists()


def test_doing_it_to_an_endpoint_that_is_gone_does_nothing(make: Callable[[], EndpointBackend]) -> None:
    backend = make()
    name = new_id("endpoint", TestClock().now())
    backend.stop(name)
    assert backend.clean_up(name)
    backend.forget(name)
    with pytest.raises(InvalidInputError):
        backend.is_alive("../../etc")
