"""What a zygote may import. Each name was tried: it starts no thread, runs no parallel region, opens nothing, asks
IPython for no shell while it is imported (there is none yet; only the builtin `get_ipython` answers), and behaves in a
forked kernel as in an ordinary one (`tests/integration/kernels`). What is not named is imported by the kernels
themselves, as ever.
"""

import time
from collections.abc import Iterable
from pathlib import Path

# What ipykernel imports before the first cell, a part of it only when a kernel is made.
BASE = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "ipykernel.compiler",
    "ipykernel.subshell_manager",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "jedi",
)

ALLOWED = (
    "numpy",
    "pandas",
    "scipy",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.stats",
    "sklearn",
    "sklearn.base",
    "sklearn.calibration",
    "sklearn.cluster",
    "sklearn.compose",
    "sklearn.datasets",
    "sklearn.decomposition",
    "sklearn.dummy",
    "sklearn.ensemble",
    "sklearn.feature_extraction.text",
    "sklearn.feature_selection",
    "sklearn.impute",
    "sklearn.inspection",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.neighbors",
    "sklearn.neural_network",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "sklearn.svm",
    "sklearn.tree",
    "matplotlib",
    "matplotlib.pyplot",
    "mlflow",
    "mlflow.models",
    "mlflow.sklearn",
    "mlflow.xgboost",
    "xgboost",
    "joblib",
    "pyarrow",
    "pyarrow.parquet",
    "requests",
    "skops.io",
    "tqdm",
    "yaml",
)

# Where nothing is known of an environment's notebooks yet.
USUAL = (
    "numpy",
    "pandas",
    "matplotlib.pyplot",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.pipeline",
    "mlflow",
)
_REMEMBERED = 30 * 24 * 3600.0


def note_used(folder: Path, names: Iterable[str]) -> None:
    """Remembers that a notebook of the environment names these modules."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in allowed(names):
        (folder / name).touch()


def allowed(names: Iterable[str]) -> tuple[str, ...]:
    wanted = set(names)
    return tuple(name for name in ALLOWED if name in wanted)


def chosen(folder: Path) -> tuple[str, ...]:
    """What the notebooks of the last 30 days named; the usual where none named anything."""
    now = time.time()
    recent = {one.name for one in folder.glob("*") if now - one.stat().st_mtime < _REMEMBERED}
    return allowed(recent) or USUAL
