"""What MLflow's process is given, and what becomes of its log."""

import os
from pathlib import Path

import pytest

from gristmill.core.processes import LOG_KEPT, LOG_LIMIT, trim
from gristmill.tracking import mlflow_process
from gristmill.tracking.model import Health
from gristmill.tracking.process import LOG, MlflowProcess, _settings, _without_mlflow
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


def test_a_log_is_cut_to_its_end(tmp_path: Path) -> None:
    log = tmp_path / LOG
    log.write_bytes(b"".join(b"line %09d\n" % n for n in range(LOG_LIMIT // 10)))
    with log.open("ab") as writer:
        trim(log)
        writer.write(b"the last line\n")
    text = log.read_bytes()
    assert LOG_KEPT - 100 < len(text) < LOG_KEPT + 100
    assert text.startswith(b"line ")
    assert text.endswith(b"\nthe last line\n")
    assert b"\0" not in text


def test_a_small_log_and_none_are_left_alone(tmp_path: Path) -> None:
    trim(tmp_path / LOG)
    (tmp_path / LOG).write_text("short\n")
    trim(tmp_path / LOG)
    assert (tmp_path / LOG).read_text() == "short\n"


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
