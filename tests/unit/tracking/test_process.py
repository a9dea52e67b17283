"""What MLflow's process is given."""

import os
from pathlib import Path

import pytest

from gristmill.tracking import mlflow_process
from gristmill.tracking.model import Health
from gristmill.tracking.process import MlflowProcess, _settings, _without_mlflow
from tests.unit.conftest import TestClock


def test_what_a_user_set_for_mlflows_clients_does_not_reach_the_server() -> None:
    given = {
        "PATH": "/bin",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1/mlflow",
        "MLFLOW_ENABLE_WORKSPACES": "true",
        "_MLFLOW_SERVER_FILE_STORE": "x",
        "GRISTMILL_TOKEN": "secret",
    }
    assert _without_mlflow(given) == {"PATH": "/bin"}


def test_the_server_runs_no_jobs_and_reports_nothing(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    assert settings["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert settings["MLFLOW_DISABLE_TELEMETRY"] == settings["DO_NOT_TRACK"] == "true"


def test_before_its_start_mlflow_is_away(tmp_path: Path, clock: TestClock) -> None:
    process = MlflowProcess(tmp_path / "mlflow", clock=clock, environ=os.environ)
    assert process.state.health is Health.AWAY
    assert process.pid is None


def test_mlflows_variables_are_there_in_the_installed_version() -> None:
    """Else every start falls back to the slower command: then look at what has changed."""
    assert mlflow_process._constants() is not None


def test_without_its_variables_the_command_serves_the_same_store(tmp_path: Path) -> None:
    constants = mlflow_process._constants()
    assert constants is not None
    given = mlflow_process.variables(constants, tmp_path)
    command = mlflow_process.command(tmp_path, tmp_path / "mlflow.sock")
    assert given[constants.BACKEND_STORE_URI_ENV_VAR] in command
    assert given[constants.ARTIFACTS_DESTINATION_ENV_VAR] in command
    assert given[constants.ARTIFACT_ROOT_ENV_VAR] in command


@pytest.mark.parametrize("missing", ["BACKEND_STORE_URI_ENV_VAR", "SERVE_ARTIFACTS_ENV_VAR"])
def test_a_variable_that_has_gone_is_noticed(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr(mlflow_process, "_CONSTANTS", mlflow_process._CONSTANTS | {f"{missing}_OF_ANOTHER_VERSION"})
    assert mlflow_process._constants() is None
