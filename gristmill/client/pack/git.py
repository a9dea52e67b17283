"""What git says of a project: claimed by whoever packs, and proved by nobody."""

import os
import re
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from gristmill.snapshots.model import GitFacts

MAX_DIFF = 10**6  # bytes
SECONDS = 10.0
_ARGUMENTS = 100_000  # characters of paths in one command line

# No hook, monitor, pager or diff program that a repository configures is run, and nothing in it is written to.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
_CREDENTIALS = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/@]*@", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class GitState:
    """`facts` lacks the diff's digest; `diff` is that of the packed files, empty where it is clean or too large."""

    facts: GitFacts
    diff: bytes = b""
    notice: str | None = None


class _GitError(Exception):
    """Git is not there, is too slow, or refuses."""


def git_state(root: Path, packed: Collection[str]) -> GitState | None:
    """The commit below `root` and how the packed files differ from it; None outside a repository or without git."""
    git = _Git(root)
    try:
        prefix = git.text("rev-parse", "--show-prefix")
    except _GitError:
        return None
    commit = git.maybe("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    try:
        changed = _changed(git.output("status", "--porcelain=v1", "-z", "--untracked-files=all", "--", "."), prefix)
    except _GitError as error:
        return GitState(facts=GitFacts(commit=commit), notice=f"git did not say what has changed: {error}")
    ours = sorted(path for path in packed if path in changed or _is_below(path, changed))
    diff, notice = git.diff(ours) if commit else (b"", None)
    remote = git.maybe("remote", "get-url", "origin")
    facts = GitFacts(
        commit=commit,
        branch=git.maybe("symbolic-ref", "--quiet", "--short", "HEAD"),
        remote=_CREDENTIALS.sub(r"\1", remote) if remote else None,
        dirty=bool(ours),
    )
    return GitState(facts=facts, diff=diff, notice=notice)


def _changed(status: bytes, prefix: str) -> set[str]:
    """The paths in `git status -z`, relative to the root; a renamed file's old name stands in a part of its own."""
    changed = set()
    parts = iter(status.split(b"\0"))
    for part in parts:
        state, path = part[:2], os.fsdecode(part[3:])
        if b"R" in state or b"C" in state:
            next(parts, None)
        if path.startswith(prefix):
            changed.add(path.removeprefix(prefix).removesuffix("/"))
    return changed


def _is_below(path: str, changed: set[str]) -> bool:
    """A submodule is one entry of its repository."""
    return any(path[:index] in changed for index, character in enumerate(path) if character == "/")


class _TooLongError(_GitError):
    """Git says more than it was asked for."""


class _Git:
    def __init__(self, root: Path) -> None:
        self._root = root
        # A hook's or an editor's own repository must not be taken for this one.
        passed = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self._environment = passed | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

    def output(self, *arguments: str, limit: int = 64 * 2**20) -> bytes:
        """Raises _GitError where git fails or says more than `limit` bytes."""
        with tempfile.TemporaryFile() as answer:  # as large as it likes, and not in memory
            try:
                done = subprocess.run(
                    [*_GIT, *arguments],
                    cwd=self._root,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=answer,
                    stderr=subprocess.PIPE,
                    timeout=SECONDS,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise _GitError(str(error)) from error
            answer.seek(0)
            said = answer.read(limit + 1)
        if done.returncode != 0:
            raise _GitError(done.stderr.decode(errors="replace").strip().partition("\n")[0])
        if len(said) > limit:
            raise _TooLongError(f"more than {limit} bytes")
        return said

    def text(self, *arguments: str) -> str:
        return os.fsdecode(self.output(*arguments)).removesuffix("\n")

    def maybe(self, *arguments: str) -> str | None:
        try:
            return self.text(*arguments) or None
        except _GitError:
            return None

    def diff(self, paths: Sequence[str]) -> tuple[bytes, str | None]:
        """The diff of these files against the commit, and why there is none."""
        flags = ("--no-color", "--no-ext-diff", "--no-textconv", "--relative")
        diff = b""
        try:
            for some in _batches(paths):
                literal = [f":(literal){path}" for path in some]
                diff += self.output("diff", *flags, "HEAD", "--", *literal, limit=MAX_DIFF - len(diff))
        except _TooLongError:
            return b"", f"the git diff of the packed files has more than {MAX_DIFF} bytes and is not kept"
        except _GitError as error:
            return b"", f"git gave no diff: {error}"
        return diff, None


def _batches(paths: Sequence[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    room = 0
    for path in paths:
        if len(path) > room:
            batches.append([])
            room = _ARGUMENTS
        batches[-1].append(path)
        room -= len(path) + len(":(literal)") + 1
    return batches
