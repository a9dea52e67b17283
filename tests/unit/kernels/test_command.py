"""Which commands of kernelspecs a zygote can take the place of."""

import os
import sys
from pathlib import Path

import pytest
from gristmill_kernels.command import read_command

LAUNCH = ["-m", "ipykernel_launcher", "-f", "/c.json"]


def test_an_ipykernel_of_any_interpreter_is_one() -> None:
    command = read_command([sys.executable, "-Xfrozen_modules=off", *LAUNCH, "--more"], {})
    assert command is not None
    assert command.interpreter == sys.executable
    assert command.flags == ("-Xfrozen_modules=off",)
    assert command.module == "ipykernel_launcher"
    assert command.arguments == ("-f", "/c.json", "--more")
    assert command.argv == [sys.executable, "-Xfrozen_modules=off", *LAUNCH, "--more"]


def test_a_bare_name_is_looked_for_on_the_path_that_the_kernel_gets() -> None:
    folder, name = os.path.split(sys.executable)  # not where its link goes
    command = read_command([name, *LAUNCH], {"PATH": folder})
    assert command is not None
    assert command.interpreter == sys.executable


@pytest.mark.parametrize(
    "argv",
    [
        ["R", "--slave", "-e", "IRkernel::main()"],
        [sys.executable, "-I", *LAUNCH],  # sees other packages
        [sys.executable, "-X", "dev", *LAUNCH],
        [sys.executable, "-m", "bash_kernel", "-f", "/c.json"],
        [sys.executable, "launch.py"],
        [sys.executable, "-m"],
        ["/nowhere/python", *LAUNCH],
        [],
    ],
)
def test_anything_else_is_none(argv: list[str]) -> None:
    assert read_command(argv, {"PATH": "/usr/bin"}) is None


def test_a_script_in_the_place_of_an_interpreter_is_none(tmp_path: Path) -> None:
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    shim.chmod(0o755)
    assert read_command([str(shim), *LAUNCH], {}) is None
