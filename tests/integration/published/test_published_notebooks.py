"""Notebooks of widely used libraries, as they were published, put out through Gristmill what they do through papermill.

Fetches from the package index, and takes minutes: `pytest tests/integration/published -m on_demand`.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import ControlPlane
from tests.integration.published.libraries import Libraries, fetched
from tests.integration.published.outputs import Cell, outputs_of, shapes

BIN = Path(sys.executable).parent
NAME = "published"
PATIENCE = 600.0

# None of them asks for anything over the network; each takes seconds.
NOTEBOOKS = (
    "arch-8.0.0/examples/univariate_using_fixed_variance.ipynb",
    "control-0.10.2/examples/describing_functions.ipynb",
    "control-0.10.2/examples/simulating_discrete_nonlinear.ipynb",
    "control-0.10.2/examples/singular-values-plot.ipynb",
    "corner-2.3.0/docs/pages/custom.ipynb",
    "corner-2.3.0/docs/pages/quickstart.ipynb",
    "corner-2.3.0/docs/pages/sigmas.ipynb",
    "emcee-3.1.6/docs/tutorials/quickstart.ipynb",
    "imbalanced_learn-0.14.2/doc/auto_examples/api/plot_sampling_strategy_usage.ipynb",
    "imbalanced_learn-0.14.2/doc/auto_examples/over-sampling/plot_shrinkage_effect.ipynb",
    "imbalanced_learn-0.14.2/doc/auto_examples/under-sampling/plot_illustration_tomek_links.ipynb",
    "iminuit-2.33.0/doc/notebooks/error_bands.ipynb",
    "iminuit-2.33.0/doc/notebooks/gof.ipynb",
    "iminuit-2.33.0/doc/notebooks/hesse_and_minos.ipynb",
    "iminuit-2.33.0/doc/notebooks/scipy_and_constraints.ipynb",
    "linearmodels-7.1/examples/asset-pricing_formulas.ipynb",
    "linearmodels-7.1/examples/iv_using-formulas.ipynb",
    "linearmodels-7.1/examples/panel_data-formats.ipynb",
    "mesa-3.3.1/docs/tutorials/0_first_model.ipynb",
    "mesa-3.3.1/docs/tutorials/3_agentset.ipynb",
    "statsmodels-0.15.0/examples/notebooks/glm.ipynb",
    "statsmodels-0.15.0/examples/notebooks/ols.ipynb",
    "statsmodels-0.15.0/examples/notebooks/predict.ipynb",
    "statsmodels-0.15.0/examples/notebooks/wls.ipynb",
)

pytestmark = [pytest.mark.on_demand, pytest.mark.timeout(3 * PATIENCE)]

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Libraries:
    return fetched(tmp_path_factory.mktemp(NAME))


@pytest.fixture(scope="module")
def environ(control_plane: ControlPlane, libraries: Libraries) -> dict[str, str]:
    """What a user has who was told how: the environment named for Gristmill, and a kernelspec of it for papermill."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRISTMILL_WARM")}
    jupyter = libraries.environment / "share" / "jupyter"
    # A run's profile says how many threads its numbers are computed with; sums in another order end in other digits.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environ = {**kept, **control_plane.environ, **threads, "JUPYTER_PATH": str(jupyter)}
    python = libraries.environment / "bin" / "python"
    call(environ, python, "-m", "ipykernel", "install", "--prefix", libraries.environment, "--name", NAME)
    call(environ, BIN / "gristmill", "environments", "add", NAME, "--python", libraries.environment)
    return environ


def call(environ: dict[str, str], *command: str | Path, cwd: Path | None = None) -> str:
    ran = subprocess.run(command, env=environ, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ran.returncode == 0, f"{command}: {ran.stdout}\n{ran.stderr}"
    return ran.stdout


@pytest.fixture
def through_gristmill(environ: dict[str, str], tmp_path: Path) -> Callable[[Path], list[Cell]]:
    def run(notebook: Path) -> list[Cell]:
        before = notebook.read_bytes()
        call(environ, BIN / "gristmill", "run", notebook, "--environment", NAME, "--name", tmp_path.name)
        call(environ, BIN / "gristmill", "runs", "outputs", tmp_path.name, "--notebook", "--output", tmp_path)
        assert notebook.read_bytes() == before
        (executed,) = tmp_path.glob("*.ipynb")
        return outputs_of(executed)

    return run


@pytest.fixture
def through_papermill(environ: dict[str, str], libraries: Libraries, tmp_path: Path) -> Callable[[str], list[Cell]]:
    """Each time in a copy of the sources: a notebook may leave files behind."""

    def run(path: str) -> list[Cell]:
        place = tmp_path / "sources"
        library = Path(path).parts[0]
        shutil.copytree(libraries.sources / library, place / library)
        notebook = place / path
        executed = tmp_path / "papermill" / notebook.name
        executed.parent.mkdir(exist_ok=True)
        call(environ, BIN / "papermill", notebook, executed, "-k", NAME, "--no-progress-bar", cwd=notebook.parent)
        shutil.rmtree(place)
        return outputs_of(executed)

    return run


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_a_published_notebook_puts_out_what_it_does_through_papermill(
    path: str,
    libraries: Libraries,
    through_gristmill: Callable[[Path], list[Cell]],
    through_papermill: Callable[[str], list[Cell]],
    record_property: Record,
) -> None:
    began = time.monotonic()
    ours = through_gristmill(libraries.sources / path)
    took = time.monotonic() - began
    theirs = through_papermill(path)
    papermill_took = time.monotonic() - began - took
    again = through_papermill(path) if ours != theirs else theirs
    steady = [first == second for first, second in zip(theirs, again, strict=True)]
    record_property("published", (path, len(theirs), steady.count(False), took, papermill_took))
    assert len(ours) == len(theirs)
    for index, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        if steady[index]:
            assert our == their, f"code cell {index}"
        else:
            assert shapes(our) == shapes(their), f"code cell {index}"
