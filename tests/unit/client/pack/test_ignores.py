"""Ignore files mean what they mean to git; secrets and caches are left out without being named."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gristmill.client.pack.ignores import Ignores
from gristmill.client.pack.root import ProjectRoot
from gristmill.client.pack.walk import walk

GIT = shutil.which("git") or ""


def packed(root: Path) -> set[str]:
    found = walk(ProjectRoot(path=root, mark=".git"), Ignores(root), entries=10_000, files=10_000).found
    return {one.path for one in found}


def fill(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def test_a_home_of_a_control_plane_is_never_packed(tmp_path: Path) -> None:
    """Not even where somebody wants all of it: its token is in it."""
    fill(tmp_path, "a.py", "home/server.lock", "home/token", "home/attempts/a/x.ipynb", "token", "other/token")
    fill(tmp_path, "begun/start.lock", "begun/token", "mine/server.lock")
    (tmp_path / "mine" / "server.lock").write_text("held by somebody's own server")
    (tmp_path / ".gristmillignore").write_text("!home/\n!home/token\n!begun/\n")
    assert packed(tmp_path) == {"a.py", "token", "other/token", "mine/server.lock"}


def test_gitignore_means_what_it_means_to_git(tmp_path: Path) -> None:
    """Compared with git itself: anchors, folders, negations, deeper files, excludes, a rule that folders hide."""
    paths = ["a.log", "keep.log", "data/x.csv", "src/data/x.csv", "src/b.log", "out/x", "src/out/x", "q.tmp", "w/é x"]
    paths += ["src/deep/c.log", "src/deep/keep.log", "local.txt", "only/x", "only/y", "[odd]"]
    fill(tmp_path, *paths)
    (tmp_path / ".gitignore").write_text("*.log\n!keep.log\n/data/\nout\n\\[odd]\nonly/*\n!only/y\nw/é*\n# comment\n\n")
    (tmp_path / "src" / ".gitignore").write_text("!b.log\n")
    (tmp_path / "src" / "deep" / ".gitignore").write_text("*\n!.gitignore\n")
    subprocess.run([GIT, "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("*.tmp\n")
    listed = subprocess.run(
        [GIT, "ls-files", "-z", "--others", "--exclude-standard"], cwd=tmp_path, check=True, capture_output=True
    )
    expected = {path for path in listed.stdout.decode().split("\0") if path and ".gitignore" not in path}
    assert packed(tmp_path) == expected


def test_a_project_inside_a_repository_keeps_the_repositorys_rules(tmp_path: Path) -> None:
    project = tmp_path / "projects" / "one"
    fill(project, "a.log", "b.txt", "c.txt", "d.txt")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.log\n/projects/one/c.txt\n")
    (tmp_path / "projects" / ".gitignore").write_text("one/d.txt\n")
    assert packed(project) == {"b.txt"}


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".env.production",
        "prod.env",
        ".git/config",
        "deep/.git/config",
        ".ssh/id_rsa",
        ".aws/credentials",
        ".netrc",
        "id_ed25519",
        "deep/server.pem",
        "SERVER.KEY",
        "service_account_1.json",
        ".venv/lib/x.py",
        "my-environment/pyvenv.cfg",
        "my-environment/lib/x.py",
        "node_modules/x/index.js",
        "src/__pycache__/x.pyc",
        ".ipynb_checkpoints/a-checkpoint.ipynb",
        "mlruns/0/meta.yaml",
        "mlflow.db",
    ],
)
def test_secrets_environments_and_caches_are_never_packed(tmp_path: Path, path: str) -> None:
    fill(tmp_path, "my-environment/pyvenv.cfg", path)
    assert packed(tmp_path) == set()


def test_gristmillignore_has_the_last_word(tmp_path: Path) -> None:
    fill(tmp_path, "big.csv", "needed.csv", ".streamlit/config.toml", "public.pem", ".git/config", "data/x")
    (tmp_path / ".gitignore").write_text("*.csv\n")
    (tmp_path / ".gristmillignore").write_text("!needed.csv\n!.streamlit\n!public.pem\n!.git\ndata/\n")
    assert packed(tmp_path) == {"needed.csv", ".streamlit/config.toml", "public.pem"}


def test_gristmillignore_brings_single_files_back_out_of_ignored_folders(tmp_path: Path) -> None:
    fill(tmp_path, "data/raw/a.csv", "data/raw/b.csv", "data/c.csv", "data/raw/deep/a.csv", ".hidden/x", ".hidden/y")
    (tmp_path / ".gitignore").write_text("data/\n")
    (tmp_path / ".gristmillignore").write_text("!data/raw/a.csv\n!/.hidden/x*\n")
    assert packed(tmp_path) == {"data/raw/a.csv", ".hidden/x"}
    assert not Ignores(tmp_path).ignored_with_parents("data/raw/a.csv")
    assert Ignores(tmp_path).ignored_with_parents("data/raw/b.csv")


def test_a_line_that_is_no_pattern_is_passed_over_and_told(tmp_path: Path) -> None:
    fill(tmp_path, "a.log", "b.txt")
    (tmp_path / ".gristmillignore").write_text("!\n*.log\n")
    ignores = Ignores(tmp_path)
    assert "line 1 is no pattern" in ignores.faults[0]
    assert packed(tmp_path) == {"b.txt"}


def test_an_ignore_file_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    assert "was not read" in Ignores(tmp_path).faults[0]


def test_a_path_below_an_ignored_folder_is_ignored(tmp_path: Path) -> None:
    fill(tmp_path, "data/raw/x.csv", "data/raw/.gitignore")
    (tmp_path / ".gitignore").write_text("raw/\n")
    assert Ignores(tmp_path).ignored_with_parents("data/raw/x.csv")
    assert not Ignores(tmp_path).ignored_with_parents("data/x.csv")
