"""Parallel regions in forked kernels: the zygote has had none, so none of them hangs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.kernels.started import StartedKernel

Start = Callable[..., StartedKernel]

DATA = "import numpy\nx = numpy.random.default_rng(0).random((4000, 8)); y = (x.sum(axis=1) > 4).astype(int)\n"
FITS = {
    "openmp": (
        "from sklearn.ensemble import HistGradientBoostingClassifier as M\n"
        "print(M(max_iter=20).fit(x, y).score(x, y) > 0.8)"
    ),
    "threads": (
        "from sklearn.ensemble import RandomForestClassifier as M\nprint(M(20, n_jobs=2).fit(x, y).score(x, y) > 0.8)"
    ),
    "processes": (
        "from sklearn.linear_model import LogisticRegression as M\n"
        "from sklearn.model_selection import cross_val_score\n"
        "print(cross_val_score(M(), x, y, n_jobs=2).mean() > 0.8)"
    ),
    "blas": "a = numpy.random.rand(600, 600)\nprint(numpy.isfinite(numpy.linalg.svd(a @ a)[1]).all())",
    "xgboost": (
        "from xgboost import XGBClassifier as M\nprint(M(n_estimators=20, n_jobs=2).fit(x, y).score(x, y) > 0.8)"
    ),
    "arrow": (
        "import pandas\nframe = pandas.DataFrame(x)\nframe.columns = frame.columns.astype(str)\n"
        "frame.to_parquet('x.parquet'); print(len(pandas.read_parquet('x.parquet')) == 4000)"
    ),
    "torch": (
        "import torch\nmodel = torch.nn.Linear(8, 1)\nloss = model(torch.tensor(x, dtype=torch.float32)).sum()\n"
        "loss.backward(); print(bool(torch.isfinite(model.weight.grad).all()))"
    ),
}


@pytest.mark.parametrize("fit", FITS)
def test_a_fit_does_not_hang(warm_home: Path, start_kernel: Start, fit: str) -> None:
    if fit == "torch":
        pytest.importorskip("torch")
    kernel = start_kernel()
    assert kernel.is_forked
    assert kernel.run(DATA + FITS[fit], timeout=90).strip().endswith("True")


def test_pools_are_as_large_as_the_environment_says(warm_home: Path, start_kernel: Start) -> None:
    sizes = (
        "import numpy, sklearn.ensemble, scipy.linalg, pyarrow, threadpoolctl\n"
        "{**{one['filepath'].rpartition('/')[2]: one['num_threads'] for one in threadpoolctl.threadpool_info()},"
        " 'arrow': pyarrow.cpu_count()}"
    )
    environ = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "2"}
    cold, warm = start_kernel(cold=True, environ=environ), start_kernel(environ=environ)
    assert warm.is_forked
    expected, found = cold.facts(sizes), warm.facts(sizes)
    assert {name: found[name] for name in expected} == expected
    assert 2 in expected.values(), "OpenBLAS may be limited by the number of CPUs, and is not here"
