"""README's tour, as it is printed there, in a home in which nothing was run before."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import ControlPlane
from tests.waiting import until

ROOT = Path(__file__).parents[3]
PATIENCE = 240.0

pytestmark = pytest.mark.slow


def tour() -> list[str]:
    """The commands of the section, without what is said of them."""
    (section,) = re.findall(
        r"^## Five minutes by hand\n(.*?)^## ", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    return [line.removeprefix("$ ") for line in section.splitlines() if line.startswith("$ ")]


@pytest.fixture
def control_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path / "home")
    yield plane
    plane.stop()


def run(command: str, home: Path) -> str:
    program, *arguments = shlex.split(command, comments=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "GRISTMILL_"))}
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=ROOT,
        env={**kept, "GRISTMILL_HOME": str(home), "BROWSER": "true"},  # a browser that has seen it and is gone
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_tour_runs_as_it_stands(control_plane: ControlPlane) -> None:
    commands = tour()
    said = {command: run(command, control_plane.home) for command in commands}
    shown = " ".join(commands)
    for verb in (
        "parameters",
        "profiles",
        "run",
        "runs list",
        "models register",
        "deploy",
        "endpoints predict",
        "open",
    ):
        assert f"gristmill {verb}" in shown
    (predicted,) = (said[command] for command in commands if "endpoints predict" in command)
    assert predicted.startswith('{"predictions": [[0.')
    until(lambda: not control_plane.processes(), what="the tour ends with nothing left running")


def test_the_tour_names_what_the_demo_does_not() -> None:
    """So that it is right before `make demo` and after it: a registered name counts its own versions."""
    demo = (ROOT / "notebooks/examples/churn/demo.py").read_text()
    (version,) = {found for command in tour() for found in re.findall(r"deploy (\S+)/1 ", command)}
    assert f'"{version}"' not in demo
    numbers = [command for command in tour() if re.search(r"(runs \w+|--run) \d", command)]
    assert numbers == [], "the number of a run depends on what was run before"
