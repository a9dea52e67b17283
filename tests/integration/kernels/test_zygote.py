"""A zygote's own life: one per environment, replaced when that changes, gone when nobody asks."""

import json
import os
import re
import sys
import threading
import venv
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from gristmill_kernels.allow_list import BASE
from gristmill_kernels.environment import environment_of
from gristmill_kernels.place import Place, places
from gristmill_kernels.starting import start, started_here, stop_all
from gristmill_kernels.status import zygotes

from tests.integration.kernels.conftest import one_zygote, plain_environ
from tests.integration.kernels.started import StartedKernel
from tests.waiting import until

Start = Callable[..., StartedKernel]
STARTS = int(os.environ.get("GRISTMILL_KERNEL_STARTS", "30"))


def user_environment(folder: Path, *packages: Path) -> Path:
    """The interpreter of a virtual environment that has what these folders have, and no Gristmill of its own."""
    venv.create(folder, symlinks=True)
    site = next((folder / "lib").glob("python*")) / "site-packages"
    for place in packages:
        for one in place.iterdir():
            if "gristmill" not in one.name and not one.name.endswith(".pth") and not (site / one.name).exists():
                (site / one.name).symlink_to(one)
    return folder / "bin" / "python"


@pytest.fixture
def users_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The interpreter behind a kernelspec `users`."""
    own = next(Path(place) for place in sys.path if place.endswith("site-packages"))
    python = user_environment(tmp_path / "venv", own)
    spec = tmp_path / "jupyter" / "kernels" / "users"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps(
            {
                "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                "display_name": "users",
                "language": "python",
                "metadata": {"kernel_provisioner": {"provisioner_name": "gristmill-warm"}},
            }
        )
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    return python


def test_a_users_environment_is_warmed_with_nothing_of_gristmill_in_it(
    own_home: Path, users_kernel: Path, start_kernel: Start
) -> None:
    assert not start_kernel(kernel_name="users").is_forked
    zygote = one_zygote(own_home)
    assert zygote.python == str(users_kernel)
    kernel = start_kernel(kernel_name="users")
    assert kernel.is_forked
    found = kernel.facts(
        "import importlib.util, sys\n[sys.executable, sys.prefix, importlib.util.find_spec('gristmill') is None]"
    )
    assert found == [str(users_kernel), str(users_kernel.parent.parent), True]


def test_a_changed_environment_gets_another_zygote(own_home: Path, users_kernel: Path, start_kernel: Start) -> None:
    start_kernel(kernel_name="users")
    before = one_zygote(own_home)
    living = start_kernel(kernel_name="users")
    assert living.is_forked
    site = next((users_kernel.parent.parent / "lib").glob("python*")) / "site-packages"
    (site / "new_package-1.0.dist-info").mkdir()
    assert not start_kernel(kernel_name="users").is_forked, "what it has imported may be old now"
    after = until(lambda: [one for one in zygotes(own_home) if one.pid != before.pid], what="there is another zygote")
    assert start_kernel(kernel_name="users").is_forked
    assert living.run("print(1)") == "1\n", "the old one's kernel goes on"
    living.end()
    until(lambda: before.pid not in started_here(), what="the old one ends with its last kernel")
    assert after[0].pid in started_here()


def test_two_that_start_at_once_make_one(own_home: Path) -> None:
    environ = plain_environ()
    environment = environment_of(sys.executable, (), environ)
    barrier, made = threading.Barrier(8), []

    def one() -> None:
        barrier.wait()
        made.append(start(own_home, environment, environ, base=BASE, more=()))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 1
    one_zygote(own_home)
    assert len(places(own_home)) == 1


def test_nobody_else_may_look_into_its_folder(own_home: Path) -> None:
    environ = plain_environ()
    environment = environment_of(sys.executable, (), environ)
    assert start(own_home, environment, environ, base=(), more=())
    one_zygote(own_home)
    place = Place.of(own_home, environment)
    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert (place.folder / "socket").stat().st_mode & 0o777 == 0o600


def test_an_idle_one_ends(own_home: Path) -> None:
    environ = plain_environ()
    assert start(own_home, environment_of(sys.executable, (), environ), environ, base=(), more=(), idle=0.5)
    until(lambda: not any(place.taken for place in places(own_home)), what="it has ended by itself")


def test_a_module_that_starts_a_thread_is_left_out(own_home: Path, tmp_path: Path) -> None:
    """No fork ever happens beside a second thread."""
    environ = plain_environ()
    assert start(own_home, environment_of(sys.executable, (), environ), environ, base=(), more=("numpy", "_threaded"))
    assert one_zygote(own_home).imported == ("numpy",)


def test_what_notebooks_import_is_ready_for_the_next(own_home: Path, start_kernel: Start) -> None:
    start_kernel().run("import json")
    assert "yaml" not in one_zygote(own_home).imported
    kernel = start_kernel()
    assert kernel.is_forked
    kernel.run("import yaml, os")
    used = own_home / "kernels" / "used"
    assert [one.name for one in used.glob("*/*")] == ["yaml"]


def shared_memory() -> set[str]:
    """What a process that is gone may have left: other tests run at the same time, and have theirs."""
    names = [one.name for one in Path("/dev/shm").iterdir()]  # noqa: S108  # read
    return {name for name in names if not name.startswith("Postgre") and not any(map(psutil.pid_exists, pids(name)))}


def pids(name: str) -> list[int]:
    """The numbers in a name that may be a process's: joblib's `sem.loky-5895-dd4aab4f`."""
    return [int(number) for number in re.findall(r"(?<![0-9a-z])\d{1,7}(?![0-9a-z])", name)]


def test_many_starts_leave_nothing(warm_home: Path, start_kernel: Start, tmp_path: Path) -> None:
    """No process, no descriptor here or in the zygote, no shared memory. GRISTMILL_KERNEL_STARTS says how many."""
    start_kernel().end()
    zygote = psutil.Process(one_zygote(warm_home).pid)
    until(lambda: not zygote.children(), what="the zygote has no child")
    shared = shared_memory()
    before = (psutil.Process().num_fds(), zygote.num_fds(), zygote.num_threads())
    for _ in range(STARTS):
        kernel = start_kernel()
        assert kernel.is_forked
        kernel.run("import pandas")
        kernel.end()
        kernel.manager.cleanup_resources()
    until(lambda: not zygote.children(recursive=True), what="no kernel and no keeper is left")
    until(lambda: shared_memory() <= shared, what="no shared memory is left")
    until(lambda: zygote.num_fds() <= before[1] and zygote.num_threads() <= before[2], what="the zygote is as before")
    assert psutil.Process().num_fds() <= before[0] + 4


def test_zygotes_are_ended_whatever_they_do_just_now(tmp_path: Path) -> None:
    others = started_here()
    environment = environment_of(sys.executable, (), plain_environ(), "imports")
    assert start(tmp_path, environment, plain_environ(), base=BASE, more=("mlflow",))
    assert not zygotes(tmp_path), "it imports, and does not answer yet"
    assert stop_all(tmp_path, patience=30)
    until(lambda: started_here() <= others, what="it is gone")
    serving = environment_of(sys.executable, (), plain_environ(), "serves")
    assert start(tmp_path, serving, plain_environ(), base=(), more=())
    until(lambda: zygotes(tmp_path), what="it answers")
    assert stop_all(tmp_path, patience=30)
    until(lambda: started_here() <= others, what="it is gone")
