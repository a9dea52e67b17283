"""Memory of everything that runs, against `mlflow server` as it comes; and how long short commands take.

    python tests/bench/footprint.py [--rounds 10]

*Memory* is the proportional set size (PSS) of all processes that belong to the home, summed: the control plane, MLflow,
what is kept warm. It is read when the control plane and MLflow have just come up; after the churn example's run, when
all is quiet again; and with that run's model deployed and asked once. *Commands*: from start to exit, output to a pipe.
"""

import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.settings import Settings

PROGRAMS = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
QUIET = 5.0  # seconds in which nothing of the home wants a processor


def gristmill(home: Path, *arguments: str) -> str:
    environ = {**os.environ, "GRISTMILL_HOME": str(home)}
    done = subprocess.run(
        [PROGRAMS / "gristmill", *arguments], env=environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"gristmill {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def processes_of(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            belongs = process.environ().get("GRISTMILL_HOME") == str(home)
            if belongs or any(str(home) in argument for argument in process.cmdline()):
                found.append(process)
    return found


def memory(processes: list[psutil.Process]) -> float:
    """MB of PSS."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / 1e6


def quiet(home: Path) -> list[psutil.Process]:
    """The home's processes, when none of them has had more than a tenth of a processor for a while."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        before = {process.pid: spent(process) for process in processes_of(home)}
        time.sleep(QUIET)
        now = processes_of(home)
        if sum(spent(process) - before.get(process.pid, 0) for process in now) < QUIET / 10:
            return now
    raise SystemExit("the home's processes do not come to rest")


def spent(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[list[psutil.Process]]:
    """`mlflow server` with its defaults, asked once."""
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    log = folder / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [PROGRAMS / "mlflow", "server", "--port", "5987"],
            env={**os.environ, "PATH": path},
            cwd=folder,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 120
        while "Application startup complete" not in log.read_text():
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.5)
        time.sleep(QUIET)
        top = psutil.Process(process.pid)
        yield [top, *top.children(recursive=True)]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def report(what: str, processes: list[psutil.Process]) -> None:
    sys.stdout.write(f"{what:40} {memory(processes):7.0f} MB in {len(processes)} processes\n")
    sys.stdout.flush()


def commands(home: Path, rounds: int) -> None:
    for arguments in (("--help",), ("runs", "list")):
        walls = []
        before = os.times()
        for _ in range(rounds):
            began = time.monotonic()
            gristmill(home, *arguments)
            walls.append(time.monotonic() - began)
        after = os.times()
        cpu = (after.children_user + after.children_system - before.children_user - before.children_system) / rounds
        name = f"gristmill {' '.join(arguments)}"
        sys.stdout.write(f"{name:40} median {statistics.median(walls):.2f} s, cpu {cpu:.2f} s\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with mlflow_server(Path(folder)) as theirs:
            report("mlflow server", theirs)
        home = Path(folder, "home")
        try:
            with Client(settings=Settings(home=home)) as client:
                client.wait_for_tracking()
            report("control plane and MLflow", quiet(home))
            gristmill(home, "run", "notebooks/examples/churn/train.ipynb")
            report("after the churn run", quiet(home))
            gristmill(home, "models", "register", "churn", "--run", "1")
            gristmill(home, "deploy", "churn/1", "--endpoint", "churn")
            report("with the churn endpoint", quiet(home))
            commands(home, options.rounds)
        finally:
            with Client(settings=Settings(home=home)) as client:
                client.send(api.stop_server(everything=True))


if __name__ == "__main__":
    main()
