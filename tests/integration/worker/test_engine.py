"""`papermill --engine gristmill` alone: no control plane, no worker, papermill as it is."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.worker.notebooks import code, notebook


def papermill(folder: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    environ = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    command = [sys.executable, "-m", "papermill", "--engine", "gristmill", "in.ipynb", "out.ipynb", *options]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120)
    return done, json.loads((folder / "out.ipynb").read_text())


def test_a_notebook_is_executed_with_its_parameters(tmp_path: Path) -> None:
    """Verbs are lines of text; the progress bar, the log and the output files are papermill's."""
    cells = (code("x = 5", "parameters"), "import gristmill\nprint('x is', x)\ngristmill.report(auc=[0.9, 1.0])")
    (tmp_path / "in.ipynb").write_bytes(notebook(*cells))
    done, out = papermill(tmp_path, "-p", "x", "1", "--log-output", "--progress-bar", "--stdout-file", "printed.txt")
    assert done.returncode == 0, done.stderr
    assert "Executing:" in done.stderr
    assert "x is 1" in done.stderr
    assert (tmp_path / "printed.txt").read_text() == "x is 1\n"
    assert out["cells"][1]["source"] == ["# Parameters\n", "x = 1\n"]
    assert out["cells"][2]["outputs"][1]["data"]["text/plain"] == ["auc = 0.95 ± 0.071 (n=2)"]
    assert [one["metadata"]["papermill"]["status"] for one in out["cells"]] == ["completed"] * 3


def test_output_is_not_cut(tmp_path: Path) -> None:
    (tmp_path / "in.ipynb").write_bytes(notebook("for _ in range(3000): print('x' * 999)"))
    _, out = papermill(tmp_path)
    assert sum(len("".join(one["text"])) for one in out["cells"][0]["outputs"]) == 3_000_000


def test_an_error_is_marked_and_fails_the_command(tmp_path: Path) -> None:
    (tmp_path / "in.ipynb").write_bytes(notebook("print('before')", "1 / 0"))
    done, out = papermill(tmp_path)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "An Exception was encountered" in "".join(out["cells"][0]["source"])


def test_a_dead_kernel_fails_the_command_and_its_cell(tmp_path: Path) -> None:
    """138 is papermill's own status for it."""
    (tmp_path / "in.ipynb").write_bytes(notebook("print('before')", "import os; os._exit(1)", "print('never')"))
    done, out = papermill(tmp_path)
    assert done.returncode == 138
    assert "Kernel died" in done.stderr
    statuses = [one["metadata"]["papermill"]["status"] for one in out["cells"]]
    assert statuses == ["completed", "failed", "pending"]


@pytest.mark.parametrize("first", ["gristmill.worker.engine", "papermill"])
def test_engine_and_papermill_may_be_imported_in_either_order(first: str) -> None:
    """Papermill loads its engines while it is itself being imported."""
    second = "papermill" if first != "papermill" else "gristmill.worker.engine"
    program = (
        f"import {first}, {second}\n"
        "from papermill.engines import papermill_engines\n"
        "print(papermill_engines.get_engine('gristmill').__name__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "GristmillEngine\n"
