"""The notebooks of two runs held against each other: nbdime says which cells belong together."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.errors import NotFoundError
from gristmill.notebooks.source import read_notebook

Change = Literal["equal", "changed", "added", "removed"]


@dataclass(frozen=True, kw_only=True)
class DiffLine:
    """`sign` is a space, `-` where only the first has the line, `+` where only the second has it."""

    sign: Literal[" ", "-", "+"]
    text: str


@dataclass(frozen=True, kw_only=True)
class CellDiff:
    """One cell, or two that belong together. Places count from 1, in all cells of either notebook."""

    change: Change
    kind: str  # code, markdown or raw
    lines: tuple[DiffLine, ...]
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, kw_only=True)
class NotebookDiff:
    """`same`: the two snapshots have the very same notebook."""

    before: str
    after: str
    cells: tuple[CellDiff, ...]
    same: bool = False


def between(client: Client, before: str, after: str) -> NotebookDiff:
    """The sources as they were run; outputs and metadata are none of it.

    Raises:
        NotFoundError: there is no such run.
    """
    (one, digest), (other, other_digest) = (_notebook(client, key) for key in (before, after))
    first, second = (_cells(client.send(api.get_blob(of))) for of in (digest, other_digest))
    return NotebookDiff(before=one, after=other, cells=tuple(diff(first, second)), same=digest == other_digest)


def _notebook(client: Client, key: str) -> tuple[str, str]:
    """Its path, and the digest of what was run."""
    run = client.send(api.get_run(key)).run
    files = {file.path: file.digest for file in client.send(api.get_snapshot(run.snapshot)).files}
    if run.notebook not in files:
        raise NotFoundError(f"the snapshot of {run.name} does not have {run.notebook}")
    return run.notebook, files[run.notebook]


def _cells(content: bytes) -> list[dict[str, Any]]:
    """Kind and source of each."""
    read_notebook(content)  # refuses what is none, in words
    cells = msgspec.json.decode(content).get("cells", [])
    return [{"cell_type": cell.get("cell_type", "raw"), "source": _text(cell.get("source", ""))} for cell in cells]


def _bare(cell: dict[str, Any]) -> dict[str, Any]:
    """As nbdime wants it."""
    code: dict[str, Any] = {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
    return {**cell, **code, "metadata": {}}


def _text(source: Any) -> str:
    return "".join(source) if isinstance(source, list) else str(source)


def diff(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> Iterator[CellDiff]:
    """Every cell of both, in order."""
    from nbdime import diff_notebooks  # here: who compares nothing does not wait for it
    from nbformat import from_dict

    whole = [
        from_dict({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [_bare(cell) for cell in one]})
        for one in (first, second)
    ]
    found = [entry.diff for entry in diff_notebooks(*whole) if entry.op == "patch" and entry.key == "cells"]
    at, to = 0, 0
    for entry in found[0] if found else ():
        while at < entry.key:
            yield _pair(first[at], second[to], at, to)
            at, to = at + 1, to + 1
        if entry.op == "addrange":
            for cell in entry.valuelist:
                yield _alone(cell, "added", to)
                to += 1
        elif entry.op == "removerange":
            for _ in range(entry.length):
                yield _alone(first[at], "removed", at)
                at += 1
        else:
            yield _pair(first[at], second[to], at, to)
            at, to = at + 1, to + 1
    while at < len(first):
        yield _pair(first[at], second[to], at, to)
        at, to = at + 1, to + 1


def _alone(cell: dict[str, Any], change: Literal["added", "removed"], at: int) -> CellDiff:
    sign: Literal["-", "+"] = "+" if change == "added" else "-"
    lines = tuple(DiffLine(sign=sign, text=line) for line in cell["source"].splitlines())
    before, after = (None, at + 1) if change == "added" else (at + 1, None)
    return CellDiff(change=change, kind=cell["cell_type"], lines=lines, before=before, after=after)


def _pair(one: dict[str, Any], other: dict[str, Any], at: int, to: int) -> CellDiff:
    same = one["source"] == other["source"] and one["cell_type"] == other["cell_type"]
    return CellDiff(
        change="equal" if same else "changed",
        kind=other["cell_type"],
        lines=tuple(_lines(one["source"].splitlines(), other["source"].splitlines())),
        before=at + 1,
        after=to + 1,
    )


def _lines(before: list[str], after: list[str]) -> Iterator[DiffLine]:
    for tag, a_from, a_to, b_from, b_to in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (DiffLine(sign=" ", text=line) for line in before[a_from:a_to])
        else:
            yield from (DiffLine(sign="-", text=line) for line in before[a_from:a_to])
            yield from (DiffLine(sign="+", text=line) for line in after[b_from:b_to])
