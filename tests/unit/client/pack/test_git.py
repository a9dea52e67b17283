"""What git says of a project, in every state that a repository can be in."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gristmill.client.pack.git import MAX_DIFF, GitState, git_state

GIT = shutil.which("git") or ""


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run([GIT, *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("one\n")
    (folder / "é b.py").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def state(folder: Path, *packed: str) -> GitState:
    found = git_state(folder, packed or ("a.py",))
    assert found is not None
    return found


def test_a_clean_repository(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://example.org/x.git")
    found = state(repository)
    assert found.facts.commit == git(repository, "rev-parse", "HEAD")
    assert (found.facts.branch, found.facts.remote) == ("main", "https://example.org/x.git")
    assert (found.facts.dirty, found.diff, found.notice) == (False, b"", None)


@pytest.mark.parametrize("url", ["https://me:secret@example.org/x.git", "https://secret@example.org/x.git"])
def test_credentials_in_the_remote_are_not_told(repository: Path, url: str) -> None:
    git(repository, "remote", "add", "origin", url)
    assert state(repository).facts.remote == "https://example.org/x.git"


def test_the_diff_is_that_of_the_packed_files(repository: Path) -> None:
    (repository / "a.py").write_text("two\n")
    (repository / "é b.py").write_text("two\n")
    found = state(repository, "a.py")
    assert found.facts.dirty
    assert b"+two" in found.diff
    assert b"b.py" not in found.diff
    git(repository, "checkout", "--", ".")
    subprocess.run([GIT, "apply"], cwd=repository, input=found.diff, check=True)
    assert (repository / "a.py").read_text() == "two\n"


def test_a_change_of_a_file_that_is_not_packed_is_nothing_to_the_snapshot(repository: Path) -> None:
    (repository / "é b.py").write_text("two\n")
    assert not state(repository, "a.py").facts.dirty
    assert state(repository, "é b.py").facts.dirty


def test_a_packed_file_that_git_does_not_know_makes_it_dirty(repository: Path) -> None:
    (repository / "new.py").touch()
    assert state(repository, "a.py", "new.py").facts.dirty


def test_staged_and_renamed_files_are_seen(repository: Path) -> None:
    git(repository, "mv", "a.py", "c.py")
    found = state(repository, "c.py")
    assert found.facts.dirty
    assert b"c.py" in found.diff


def test_a_project_below_the_top_of_its_repository(repository: Path) -> None:
    inner = repository / "inner"
    inner.mkdir()
    (inner / "a.py").write_text("one\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    (repository / "a.py").write_text("two\n")
    assert not state(inner).facts.dirty
    (inner / "a.py").write_text("two\n")
    assert b"+++ b/a.py" in state(inner).diff


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert state(repository).facts.branch is None


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a.py").touch()
    found = state(tmp_path)
    assert (found.facts.commit, found.facts.branch, found.facts.dirty, found.diff) == (None, "main", True, b"")


def test_a_submodule(repository: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q", "-b", "main")
    git(outer, "submodule", "add", "-q", str(repository), "part")
    git(outer, "commit", "-q", "-m", "with a part")
    (outer / "part" / "a.py").write_text("two\n")
    assert state(outer, "part/a.py").facts.dirty
    assert state(outer / "part", "a.py").facts.commit == git(repository, "rev-parse", "HEAD")


def test_a_large_diff_is_not_kept_and_that_is_told(repository: Path) -> None:
    (repository / "a.py").write_text("x" * (MAX_DIFF + 1))
    found = state(repository)
    assert found.facts.dirty
    assert found.diff == b""
    assert "is not kept" in (found.notice or "")


def test_without_a_repository_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert git_state(tmp_path, ["a.py"]) is None


def test_without_git_there_is_nothing_to_say(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert git_state(repository, ["a.py"]) is None


def test_a_damaged_repository_does_not_stop_anybody(repository: Path) -> None:
    (repository / ".git" / "index").write_bytes(b"damaged")
    found = state(repository)
    assert "git did not say what has changed" in (found.notice or "")


def test_no_program_that_a_repository_configures_is_run(repository: Path, tmp_path: Path) -> None:
    mark = tmp_path / "run"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "diff.mine.textconv", "core.pager", "diff.mine.command"):
        git(repository, "config", name, str(program))
    (repository / ".gitattributes").write_text("*.py diff=mine\n")
    (repository / "a.py").write_text("two\n")
    assert state(repository, "a.py").diff
    assert not mark.exists()


def test_the_callers_own_git_variables_do_not_mislead(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    assert state(repository).facts.commit


def test_very_many_changed_files(repository: Path) -> None:
    names = [f"{'long' * 20}{index}.py" for index in range(2000)]
    for name in names:
        (repository / name).write_text("one\n")
    git(repository, "add", ".")
    found = state(repository, *names)
    assert found.diff.count(b"new file mode") == 2000
