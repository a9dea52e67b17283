"""`gristmill init` marks a project and never writes over anything."""

import json
from pathlib import Path

import yaml
from typer.testing import CliRunner

from gristmill.cli.main import app
from gristmill.client.pack.root import find_root


def test_a_project_is_marked(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "project"
    result = CliRunner().invoke(app, ["init", str(folder)])
    assert result.exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == [".gristmillignore", "gristmill.yaml"]
    assert find_root(folder).mark == "gristmill.yaml"


def test_the_mark_is_yaml_that_says_nothing_yet(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["init", str(tmp_path)])
    assert yaml.safe_load((tmp_path / "gristmill.yaml").read_text()) is None


def test_the_ignore_file_leaves_nothing_out_yet(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["init", str(tmp_path)])
    lines = (tmp_path / ".gristmillignore").read_text().splitlines()
    assert all(line.startswith("#") or not line for line in lines)


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "gristmill.yaml").write_text("mine: true")
    result = CliRunner().invoke(app, ["init", str(tmp_path), "--json"])
    assert json.loads(result.stdout)["written"] == [".gristmillignore"]
    assert (tmp_path / "gristmill.yaml").read_text() == "mine: true"
    again = CliRunner().invoke(app, ["init", str(tmp_path)])
    assert again.exit_code == 0
    assert again.stdout.count("stays as it is") == 2


def test_a_link_is_not_followed_to_write_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "gristmill.yaml").symlink_to(elsewhere)
    CliRunner().invoke(app, ["init", str(tmp_path)])
    assert not elsewhere.exists()
