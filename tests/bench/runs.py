"""Compares `gristmill run` with `papermill` on one notebook, whose first cell imports pandas, scikit-learn and mlflow.

    python tests/bench/runs.py [--rounds 10] [--runs 50]

*First cell*: from the start of the command to the line that the first cell prints, as it appears on the command's own
output; *whole command*: to its exit. The two take turns, after a turn that is not counted, so that all files are in the
page cache. `cold` is a control plane whose kernels and workers are not kept ready. *Many*: so many runs of the
notebook, two at a time, from the first request to the last end, against a loop of `papermill` commands, two at a time.
*On the screen*: from `print` in a kernel to the line on the output of `gristmill run`, a line every tenth of a second.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).parents[2]))

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.settings import Settings

PROGRAMS = Path(sys.executable).parent
MARK = "imported at "
IMPORTS = f"import time, pandas, sklearn.linear_model, mlflow\nprint('{MARK}', time.time(), flush=True)"
LINES = f"import time\nfor n in range(100):\n    time.sleep(0.1)\n    print('{MARK}', time.time(), flush=True)"
COLD = {"GRISTMILL_WARM_KERNELS": "0", "GRISTMILL_WARM_WORKERS": "0"}


def notebook(path: Path, *cells: str) -> Path:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, path)
    return path


class Machine:
    """A home of its own under `root`; its control plane is ended by `stopped`."""

    def __init__(self, root: Path, more: dict[str, str]) -> None:
        root.mkdir()
        self.settings = Settings(home=root / "home")
        self.project = root
        self.environ = {**os.environ, **more, "GRISTMILL_HOME": str(root / "home"), "PYTHONUNBUFFERED": "1"}

    def ours(self, path: Path) -> list[str]:
        return [str(PROGRAMS / "gristmill"), "run", str(path)]

    def papermill(self, path: Path) -> list[str]:
        shown = ["--log-output", "--no-progress-bar"]
        return [str(PROGRAMS / "papermill"), str(path), str(self.project / "executed.ipynb"), *shown]

    def seen(self, command: list[str]) -> tuple[list[float], float]:
        """Seconds from the command's start to each marked line on its output, and to its exit."""
        began = time.time()
        process = subprocess.Popen(
            command, env=self.environ, cwd=self.project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        said = [(time.time(), line) for line in process.stdout]
        if process.wait() != 0:
            raise SystemExit("".join(line for _, line in said))
        return [at - began for at, line in said if MARK in line], time.time() - began

    def delays(self, path: Path) -> list[float]:
        """Seconds from `print` to the line here."""
        process = subprocess.Popen(
            self.ours(path), env=self.environ, cwd=self.project, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        found = [time.time() - float(line.rpartition(MARK)[2]) for line in process.stdout if MARK in line]
        process.wait()
        return found


@contextlib.contextmanager
def stopped(machine: Machine) -> Iterator[None]:
    """Whatever the commands have started, at the end."""
    try:
        yield
    finally:
        with Client(settings=machine.settings) as client:
            client.send(api.stop_server(everything=True))


def first_cells(warm: Machine, cold: Machine, path: Path, rounds: int) -> None:
    commands = {
        "gristmill run": (warm, warm.ours(path)),
        "gristmill run, cold": (cold, cold.ours(path)),
        "papermill": (warm, warm.papermill(path)),
    }
    first: dict[str, list[float]] = {name: [] for name in commands}
    whole: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(-2, rounds):
        for name, (machine, command) in commands.items():
            marks, total = machine.seen(command)
            if turn >= 0:
                first[name].append(marks[0])
                whole[name].append(total)
    for title, took in (("first cell", first), ("whole command", whole)):
        for name, seconds in took.items():
            ratio = statistics.median(took["papermill"]) / statistics.median(seconds)
            show(
                f"{title}: {name}", f"median {statistics.median(seconds):5.2f} s", f"least {min(seconds):5.2f} s", ratio
            )


def many(machine: Machine, path: Path, runs: int) -> None:
    with Client(settings=machine.settings) as client:
        began = time.monotonic()
        made = [client.run(path, profile="small") for _ in range(runs)]
        ended = [client.wait(run) for run in made]
        ours = time.monotonic() - began
    if not all(run.state == "succeeded" for run in ended):
        raise SystemExit(f"a run did not succeed: {[run.fault for run in ended if run.fault]}")

    def one(number: int) -> None:
        command = [
            str(PROGRAMS / "papermill"),
            str(path),
            str(machine.project / f"{number}.ipynb"),
            "--no-progress-bar",
        ]
        subprocess.run(command, env=machine.environ, check=True, capture_output=True)

    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(runs)))
    theirs = time.monotonic() - began
    show(f"{runs} runs: gristmill", f"{ours:6.1f} s", f"{ours / runs:5.2f} s each", theirs / ours)
    show(f"{runs} runs: papermill", f"{theirs:6.1f} s", f"{theirs / runs:5.2f} s each", 1.0)


def show(name: str, figure: str, other: str, ratio: float | None = None) -> None:
    sys.stdout.write(f"{name:34} {figure:16} {other:16} {f'{ratio:5.1f} x' if ratio else ''}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        project.mkdir()
        warm, cold = Machine(Path(folder, "warm"), {}), Machine(Path(folder, "cold"), COLD)
        path = notebook(project / "first.ipynb", IMPORTS, "1")
        with stopped(cold), stopped(warm):
            first_cells(warm, cold, path, options.rounds)
            many(warm, path, options.runs)
            delays = warm.delays(notebook(project / "lines.ipynb", LINES))
        p95 = statistics.quantiles(delays, n=20)[-1]
        show("on the screen", f"p50 {statistics.median(delays) * 1000:4.0f} ms", f"p95 {p95 * 1000:4.0f} ms")


if __name__ == "__main__":
    main()
