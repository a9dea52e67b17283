"""One zygote for the tests of a session, and kernels forked from it."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from gristmill_kernels.allow_list import ALLOWED, BASE
from gristmill_kernels.environment import environment_of
from gristmill_kernels.starting import is_supported, start, started_here
from gristmill_kernels.status import ZygoteStatus, zygotes

from tests.integration.kernels.started import StartedKernel
from tests.waiting import until

ROOT = Path(__file__).parents[3]
_AT_FIRST = frozenset(os.environ)
# With this one in its environment ipykernel does not capture what native code prints.
_OF_THE_TESTS = ("PYTEST_CURRENT_TEST", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not is_supported():
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="this platform has no zygotes"))


def plain_environ() -> dict[str, str]:
    """Without what libraries that other tests import have set since: it would ask for another zygote."""
    found = {name: value for name, value in os.environ.items() if name not in _OF_THE_TESTS}
    started = dict(environment_of(sys.executable, (), found).variables)
    found = {name: value for name, value in found.items() if name in _AT_FIRST or name not in started}
    return {**found, "JUPYTER_PATH": str(ROOT / "kernels/share/jupyter"), "OMP_NUM_THREADS": "2"}


@pytest.fixture(autouse=True)
def kernelspec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(ROOT / "kernels/share/jupyter"))
    monkeypatch.setenv("GRISTMILL_WARM_KERNELS", "1")


@pytest.fixture(scope="session")
def shared_home() -> Iterator[Path]:
    """A home for zygotes that have imported everything that they may."""
    home = Path(tempfile.mkdtemp(prefix="gmk"))
    yield home
    end_zygotes(home)


@pytest.fixture
def warm_home(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a zygote in it. The one before may have ended: nobody asks for a kernel while tests elsewhere go on."""
    ready(shared_home)
    monkeypatch.setenv("GRISTMILL_HOME", str(shared_home))
    return shared_home


def ready(home: Path) -> None:
    if not zygotes(home):
        environ = plain_environ()
        assert start(home, environment_of(sys.executable, (), environ), environ, base=BASE, more=ALLOWED)
        until(lambda: zygotes(home), timeout=120, what="the zygote answers")


@pytest.fixture
def own_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home in which the first kernel finds nothing. Its zygotes import ipykernel alone."""
    home = Path(tempfile.mkdtemp(prefix="gmk"))
    monkeypatch.setenv("GRISTMILL_HOME", str(home))
    monkeypatch.setattr("gristmill_kernels.allow_list.USUAL", ())
    yield home
    end_zygotes(home)


@pytest.fixture
def start_kernel(tmp_path: Path) -> Iterator[Callable[..., StartedKernel]]:
    """Starts a kernel in a folder of its own. Not forked where `cold`."""
    made: list[StartedKernel] = []

    def make(*, cold: bool = False, **options: Any) -> StartedKernel:
        folder = Path(tempfile.mkdtemp(prefix="k", dir=tmp_path))
        environ = {**plain_environ(), **options.pop("environ", {})}
        with pytest.MonkeyPatch.context() as patch:
            if cold:
                patch.setenv("GRISTMILL_WARM_KERNELS", "0")
            made.append(StartedKernel(options.pop("folder", folder), environ, **options))
        return made[-1]

    yield make
    for kernel in made:
        kernel.end()


def one_zygote(home: Path) -> ZygoteStatus:
    found = until(lambda: zygotes(home), timeout=120, what="a zygote answers")
    assert len(found) == 1, "a kernel asked for another one, in an environment that is not `plain_environ`"
    return found[0]


def end_zygotes(home: Path) -> None:
    """Also those that still import, or drain."""
    mine = {
        process.pid
        for process in psutil.process_iter()
        if any(str(home) in argument for argument in _arguments(process)) and process.pid in started_here()
    }
    for pid in mine:
        os.kill(pid, signal.SIGTERM)
    until(lambda: not mine & started_here(), what="the zygotes are gone")
    shutil.rmtree(home)


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
