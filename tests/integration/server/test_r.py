"""A notebook in R, where R's kernel is installed (Debian has it: r-cran-irkernel)."""

import json
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.runs.model import RunState

KERNEL = "ir"

pytestmark = pytest.mark.skipif(
    KERNEL not in KernelSpecManager().find_kernel_specs(), reason="R's kernel is not installed here"
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    def cell(source: str, *tags: str) -> dict[str, Any]:
        return {
            "cell_type": "code",
            "metadata": {"tags": list(tags)},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }

    kernel = {"name": KERNEL, "display_name": "R", "language": "R"}
    fit = "m <- lm(mpg ~ wt, data = mtcars)\nwrite.csv(data.frame(depth = depth), 'made.csv')\ncat('depth', depth)"
    cells = [cell("depth <- 3", "parameters"), cell(fit), cell("if (depth > 8) stop('too deep')")]
    path = tmp_path / "fit.ipynb"
    metadata = {"kernelspec": kernel}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": cells}))
    return path


def test_it_takes_parameters_and_leaves_its_files(client: Client, written: Path) -> None:
    run = client.wait(client.run(written, {"depth": 7}))
    assert (run.state, run.fault) == (RunState.SUCCEEDED, None)
    detail = client.send(api.get_run(run.id))
    (output,) = detail.outputs
    assert output.name == "made.csv"
    assert b"7" in client.send(api.get_blob(output.digest))


def test_its_errors_are_told_with_their_cell(client: Client, written: Path) -> None:
    run = client.wait(client.run(written, {"depth": 9}))
    assert run.state is RunState.FAILED
    assert run.fault is not None
    assert (run.fault.cell, run.fault.message) == (2, "ERROR: Error in eval(expr, envir, enclos): too deep")
