"""What a kernel finds in its environment."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from gristmill.runs.model import AttemptOrder
from gristmill.verbs import WORKDIR

ATTEMPT = "GRISTMILL_ATTEMPT"

# A run carries no credentials but its own, and tracks nowhere but in its own MLflow run.
_WITHHELD = frozenset(
    {
        "GRISTMILL_TOKEN",
        "GRISTMILL_URL",
        "JUPYTERHUB_API_TOKEN",
        "JPY_API_TOKEN",
        "MLFLOW_EXPERIMENT_NAME",
        "MLFLOW_REGISTRY_URI",
        "MLFLOW_TRACKING_AUTH",
        "MLFLOW_TRACKING_AWS_SIGV4",
        "MLFLOW_TRACKING_PASSWORD",
        "MLFLOW_TRACKING_USERNAME",
    }
)

# The usual libraries' own variables: without them each takes every core of the machine, whatever the profile says.
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def kernel_environment(
    order: AttemptOrder, *, workspace: Path, workdir: Path, inherited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The worker's own environment less credentials, plus what makes `mlflow` and imports work with no code.

    An unmodified MLflow client resumes `MLFLOW_RUN_ID` with its first `start_run` and forgets it; runs that the
    notebook starts after that are created in `MLFLOW_EXPERIMENT_ID`, with the tags of `MLFLOW_RUN_CONTEXT`: as
    children of the attempt's run. What the user set for thread pools stands.
    """
    inherited = os.environ if inherited is None else inherited
    environ = {name: value for name, value in inherited.items() if name not in _WITHHELD}
    threads = str(max(1, round(order.cpu)))
    roots = [str(workspace / root) for root in order.import_roots]
    direct = ",".join(part for part in (environ.get("NO_PROXY"), urlsplit(order.tracking_uri).hostname) if part)
    return {
        **dict.fromkeys(_THREADS, threads),
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # those addresses ask for a token: no browser has it
        **environ,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "PYTHONPATH": _joined([*roots, environ.get("PYTHONPATH", "")]),
        "MLFLOW_TRACKING_URI": order.tracking_uri,
        "MLFLOW_TRACKING_TOKEN": order.kernel_token,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "10",  # its backoff then bridges ten minutes of the control plane being away
        "MLFLOW_RUN_ID": order.tracking_run,
        "MLFLOW_EXPERIMENT_ID": order.tracking_experiment,
        "MLFLOW_RUN_CONTEXT": json.dumps({"mlflow.parentRunId": order.tracking_run}),
        ATTEMPT: order.attempt,
        "GRISTMILL_RUN": order.run,
        WORKDIR: str(workdir),
    }


def _joined(parts: Sequence[str]) -> str:
    return os.pathsep.join(dict.fromkeys(part for part in parts if part))
