"""Builds and checks the browser half: `python -m tools.lab build`; types, lint, format, test."""

import sys
import time
from collections.abc import Callable, Mapping

from tools.node import BIN, package, run


def install() -> None:
    run(BIN / "jlpm", "install", "--immutable")


def build() -> None:
    """Each step with its time."""
    for name, step in (("packages", install), ("types", compile_), ("bundle", bundle)):
        began = time.monotonic()
        step()
        print(f"lab: {name} {time.monotonic() - began:.1f} s", flush=True)


def compile_() -> None:
    run(package("tsc"), "--sourceMap", "false")


def bundle() -> None:
    run(BIN / "jupyter-builder", "build", ".")


COMMANDS: Mapping[str, Callable[[], None]] = {
    "build": build,
    "types": lambda: run(package("tsc"), "--noEmit"),
    "lint": lambda: run(package("eslint"), "--max-warnings", "0", "."),
    "format": lambda: run(package("prettier"), "--check", "--log-level", "warn", "."),
    "test": lambda: run(package("jest")),
}


if __name__ == "__main__":
    COMMANDS[sys.argv[1]]()
