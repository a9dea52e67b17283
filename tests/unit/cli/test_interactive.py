"""Runs that were made by hand, in a table."""

import pytest
from typer.testing import CliRunner

from gristmill.cli.interactive import print_interactive
from gristmill.cli.main import app
from gristmill.interactive.model import InteractiveRun
from gristmill.tracking.model import TrackedStatus
from tests.unit.cli.made import NOON


def test_what_was_made_by_hand_is_shown_with_its_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    run = InteractiveRun(
        id="r1",
        session="session_1",
        notebook="work/train.ipynb",
        name="wise-owl",
        status=TrackedStatus.FINISHED,
        created_by="ada",
        started_at=NOON,
        ended_at=NOON,
        experiment_id="1",
        metrics={"auc": 0.9123},
        params={"depth": "3"},
    )
    print_interactive([run])
    shown = capsys.readouterr().out
    for part in ("✓ succeeded", "wise-owl", "work/train.ipynb", "auc 0.9123", "depth=3", "by ada"):
        assert part in shown


def test_what_only_runs_of_snapshots_have_is_not_asked_of_them() -> None:
    result = CliRunner().invoke(app, ["runs", "list", "--interactive", "--label", "a=b"])
    assert result.exit_code != 0
