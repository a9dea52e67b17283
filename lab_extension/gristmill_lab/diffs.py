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
from gristmill.runs.model import Run

Change = Literal["equal", "changed", "added", "removed"]
_PARAMETERS, _INJECTED, _SKIPPED = "parameters", "injected-parameters", "skip-execution"


@dataclass(frozen=True, kw_only=True)
class DiffLine:
    """`sign` is a space, `-` where only the first has the line, `+` where only the second has it."""

    sign: Literal[" ", "-", "+"]
    text: str


@dataclass(frozen=True, kw_only=True)
class CellDiff:
    """One cell, or two that belong together.

    `before` and `after` are what the runs call it, which count the cells that they execute, from 1; of a cell that is
    not `executed` that of the last one before it, 0 at the top. None: that run does not have it.
    """

    change: Change
    kind: str  # code, markdown or raw
    lines: tuple[DiffLine, ...]
    executed: bool = True
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
    one, other = (client.send(api.get_run(key)).run for key in (before, after))
    digest, other_digest = (_digest(client, run) for run in (one, other))
    first = _cells(client.send(api.get_blob(digest)), given=bool(one.given))
    second = _cells(client.send(api.get_blob(other_digest)), given=bool(other.given))
    return NotebookDiff(
        before=one.notebook, after=other.notebook, cells=tuple(diff(first, second)), same=digest == other_digest
    )


def _digest(client: Client, run: Run) -> str:
    """Of the notebook as it was run."""
    files = {file.path: file.digest for file in client.send(api.get_snapshot(run.snapshot)).files}
    if run.notebook not in files:
        raise NotFoundError(f"the snapshot of {run.name} does not have {run.notebook}")
    return files[run.notebook]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """`number`: what a run calls it, or the last one before it that is `executed`."""

    kind: str
    source: str
    number: int = 0
    executed: bool = True

    def bare(self) -> dict[str, Any]:
        """As nbdime wants it."""
        code: dict[str, Any] = {"outputs": [], "execution_count": None} if self.kind == "code" else {}
        return {"cell_type": self.kind, "source": self.source, **code, "metadata": {}}


def _cells(content: bytes, *, given: bool) -> list[Cell]:
    """With `given` values the run has put a cell of them behind the parameters, or before everything, and counts it."""
    read_notebook(content)  # refuses what is none, in words
    raws = msgspec.json.decode(content).get("cells", [])
    tags = [set(raw.get("metadata", {}).get("tags", ())) for raw in raws]
    added = next((place + 1 for place, one in enumerate(tags) if _PARAMETERS in one), 0)
    counts = given and not any(_INJECTED in one for one in tags)
    cells, number = [], 0
    for place, raw in enumerate(raws):
        kind, source = raw.get("cell_type", "raw"), _text(raw.get("source", ""))
        executed = kind == "code" and bool(source.strip()) and _SKIPPED not in tags[place]
        number += executed + (counts and place == added)
        cells.append(Cell(kind=kind, source=source, number=number, executed=executed))
    return cells


def _text(source: Any) -> str:
    return "".join(source) if isinstance(source, list) else str(source)


def diff(first: list[Cell], second: list[Cell]) -> Iterator[CellDiff]:
    """Every cell of both, in order."""
    from nbdime import diff_notebooks  # here: who compares nothing does not wait for it
    from nbformat import from_dict

    whole = [
        from_dict({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell.bare() for cell in one]})
        for one in (first, second)
    ]
    found = [entry.diff for entry in diff_notebooks(*whole) if entry.op == "patch" and entry.key == "cells"]
    at, to = 0, 0
    for entry in found[0] if found else ():
        while at < entry.key:
            yield _pair(first[at], second[to])
            at, to = at + 1, to + 1
        if entry.op == "addrange":
            for _ in entry.valuelist:
                yield _alone(second[to], "added")
                to += 1
        elif entry.op == "removerange":
            for _ in range(entry.length):
                yield _alone(first[at], "removed")
                at += 1
        else:
            yield _pair(first[at], second[to])
            at, to = at + 1, to + 1
    while at < len(first):
        yield _pair(first[at], second[to])
        at, to = at + 1, to + 1


def _alone(cell: Cell, change: Literal["added", "removed"]) -> CellDiff:
    sign: Literal["-", "+"] = "+" if change == "added" else "-"
    return CellDiff(
        change=change,
        kind=cell.kind,
        lines=tuple(DiffLine(sign=sign, text=line) for line in cell.source.splitlines()),
        executed=cell.executed,
        before=cell.number if change == "removed" else None,
        after=cell.number if change == "added" else None,
    )


def _pair(one: Cell, other: Cell) -> CellDiff:
    same = (one.source, one.kind) == (other.source, other.kind)
    return CellDiff(
        change="equal" if same else "changed",
        kind=other.kind,
        lines=tuple(_lines(one.source.splitlines(), other.source.splitlines())),
        executed=other.executed,
        before=one.number,
        after=other.number,
    )


def _lines(before: list[str], after: list[str]) -> Iterator[DiffLine]:
    for tag, a_from, a_to, b_from, b_to in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (DiffLine(sign=" ", text=line) for line in before[a_from:a_to])
        else:
            yield from (DiffLine(sign="-", text=line) for line in before[a_from:a_to])
            yield from (DiffLine(sign="+", text=line) for line in after[b_from:b_to])
