"""Which kernels one zygote serves."""

import sys

import pytest
from gristmill_kernels.environment import environment_of, starting_environ
from gristmill_kernels.starting import is_supported

pytestmark = pytest.mark.skipif(not is_supported(), reason="this platform has no zygotes")
PLAIN = {"HOME": "/h", "PATH": "/bin", "MLFLOW_RUN_ID": "a", "GRISTMILL_ATTEMPT": "a", "A_TOKEN": "secret"}


def key(**more: str) -> str:
    return environment_of(sys.executable, (), {**PLAIN, **more}).key


def test_what_a_child_can_be_given_makes_no_difference() -> None:
    assert key() == key(GRISTMILL_ATTEMPT="b", MLFLOW_RUN_ID="b", A_TOKEN="other")
    assert key() == key(PYTHONPATH="/somewhere", OMP_NUM_THREADS="7", JUPYTER_RUNTIME_DIR="/r", MPLBACKEND="agg")


@pytest.mark.parametrize(
    "name", ["PYTHONHASHSEED", "PYTHONWARNINGS", "LD_LIBRARY_PATH", "LC_ALL", "KMP_AFFINITY", "HOME"]
)
def test_what_is_read_at_a_start_makes_one(name: str) -> None:
    assert key() != key(**{name: "0"})


def test_interpreter_flags_and_purpose_make_one() -> None:
    made = {
        environment_of(sys.executable, (), PLAIN).key,
        environment_of(sys.executable, ("-Xdev",), PLAIN).key,
        environment_of("/usr/bin/python3", (), PLAIN).key,
        environment_of(sys.executable, (), PLAIN, "workers").key,
    }
    assert len(made) == 4


def test_a_zygote_is_started_without_credentials_and_marks_and_with_pools_of_one() -> None:
    tokens = {"JUPYTER_TOKEN": "secret", "LANGCHAIN_API_KEY": "secret"}
    environ = {**PLAIN, **tokens, "OMP_NUM_THREADS": "7", "PYTHONPATH": "/mine"}
    started = starting_environ(environment_of(sys.executable, (), environ), environ)
    assert tokens.keys().isdisjoint(started)
    assert {"A_TOKEN", "GRISTMILL_ATTEMPT", "MLFLOW_RUN_ID", "PYTHONPATH"}.isdisjoint(started)
    assert started["OMP_NUM_THREADS"] == started["OPENBLAS_NUM_THREADS"] == "1"
    assert started["HOME"] == "/h"
