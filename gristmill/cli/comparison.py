"""Two runs held against each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gristmill.cli.quantities import metric, number, short
from gristmill.cli.run_page import data_digest, worker_facts
from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.source import read_notebook
from gristmill.runs.model import Run, RunDetail
from gristmill.snapshots.model import Snapshot

ReadBlob = Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True)
class Row:
    """`a` or `b` is None where that run has none; `change` is what lies between them, in words."""

    name: str
    a: Any
    b: Any
    change: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """`rows` are different, `equal` are not; `note` says what could not be compared."""

    title: str
    rows: tuple[Row, ...]
    equal: tuple[Row, ...] = ()
    numbers: bool = False
    note: str | None = None


def compare(a: RunDetail, b: RunDetail, of_a: Snapshot, of_b: Snapshot, read: ReadBlob) -> tuple[Section, ...]:
    """`read` answers a blob's bytes: of notebooks it is said how many cells differ."""
    return (
        _section("Parameters", a.run.parameters, b.run.parameters),
        _metrics(a.run, b.run),
        _files(of_a, of_b, read),
        _section("Data", _data(a), _data(b)),
        _recorded("Packages", packages(a), packages(b)),
        _surroundings(a, b),
    )


def packages(detail: RunDetail) -> dict[str, str] | None:
    """Versions by name of what the kernel's environment had installed; None where that was not recorded."""
    listed = (worker_facts(detail).get("environment") or {}).get("packages")
    if listed is None:
        return None
    return {name: version for name, _, version in (str(one).partition("==") for one in listed)}


def _data(detail: RunDetail) -> dict[str, str]:
    """Each data root by its digest, or why it has none."""
    return {name: data_digest(facts) for name, facts in (worker_facts(detail).get("data") or {}).items()}


def _section(title: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Section:
    names = [*a, *(name for name in b if name not in a)]
    rows = [Row(name=name, a=a.get(name), b=b.get(name)) for name in names]
    different = tuple(row for row in rows if (row.name in a) != (row.name in b) or row.a != row.b)
    return Section(title=title, rows=different, equal=tuple(row for row in rows if row not in different))


def _recorded(title: str, a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> Section:
    """What was not recorded of one is no difference to the other."""
    if a is not None and b is not None:
        return _section(title, a, b)
    lacking = "either" if a is None and b is None else "the first" if a is None else "the second"
    return Section(title=title, rows=(), note=f"not recorded of {lacking}")


def _metrics(a: Run, b: Run) -> Section:
    names = [*a.metrics, *(name for name in b.metrics if name not in a.metrics)]
    rows: list[Row] = []
    equal: list[Row] = []
    for name in names:
        one, other = a.metrics.get(name), b.metrics.get(name)
        change = _sign(other.value - one.value) if one and other else ""
        row = Row(name=name, a=one and metric(one), b=other and metric(other), change=change)
        (equal if one == other else rows).append(row)
    return Section(title="Metrics", rows=tuple(rows), equal=tuple(equal), numbers=True)


def _sign(difference: float) -> str:
    return f"+{number(difference)}" if difference > 0 else number(difference)


def _files(a: Snapshot, b: Snapshot, read: ReadBlob) -> Section:
    digests = [{file.path: file.digest for file in one.files} for one in (a, b)]
    section = _section("Notebook and files", *digests)
    rows = tuple(
        Row(name=row.name, a=row.a and short(row.a), b=row.b and short(row.b), change=_change(row, read))
        for row in section.rows
    )
    return Section(title=section.title, rows=(*_notebooks(a, b, digests, read), *rows), equal=section.equal)


def _notebooks(a: Snapshot, b: Snapshot, digests: Sequence[Mapping[str, str]], read: ReadBlob) -> Iterator[Row]:
    """Two notebooks of one project have the same files around them: which one was run is a difference of its own."""
    if a.notebook == b.notebook:
        return
    own = [files.get(one.notebook) for files, one in zip(digests, (a, b), strict=True)]
    change = ""
    if own[0] is not None and own[1] is not None:
        change = "the same content" if own[0] == own[1] else _cells_of(own[0], own[1], read)
    yield Row(name="notebook", a=a.notebook, b=b.notebook, change=change)


def _change(row: Row, read: ReadBlob) -> str:
    if row.a is None or row.b is None:
        return "only in the second" if row.a is None else "only in the first"
    return _cells_of(row.a, row.b, read) if row.name.endswith(".ipynb") else ""


def _cells_of(a: str, b: str, read: ReadBlob) -> str:
    try:
        before, after = (_cells(read(digest)) for digest in (a, b))
    except InvalidInputError:
        return ""
    return cells_changed(before, after)


def _cells(content: bytes) -> list[str]:
    return [cell.source for cell in read_notebook(content).code_cells]


def cells_changed(before: list[str], after: list[str]) -> str:
    """`2 of 13 code cells differ`; an inserted or removed one does not make the others differ."""
    count = sum(_changed(before, after))
    if not count:
        return "the same code; text or outputs differ"
    return f"{count} of {max(len(before), len(after))} code cells differ"


def _changed(before: list[str], after: list[str]) -> Iterator[int]:
    import difflib

    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if tag != "equal":
            yield max(a_to - a_from, b_to - b_from)


def _surroundings(a: RunDetail, b: RunDetail) -> Section:
    title, asked = "Kernel and profile", [_asked(one.run) for one in (a, b)]
    seen_a, seen_b = _seen(a), _seen(b)
    if seen_a is None or seen_b is None:
        # What was asked for is known all the same.
        return replace(_section(title, *asked), note=_recorded(title, seen_a, seen_b).note)
    return _section(title, {**asked[0], **seen_a}, {**asked[1], **seen_b})


def _asked(run: Run) -> dict[str, Any]:
    named = run.environment
    environment = {"environment": f"{named.name} {short(named.digest)}"} if named else {}
    return {"kernel": run.kernel, "profile": run.profile, **environment}


def _seen(detail: RunDetail) -> dict[str, Any] | None:
    """What the worker saw of kernel and machine; None where it did not come to that."""
    worker = worker_facts(detail)
    if not worker:
        return None
    kernel, device = worker.get("kernel") or {}, worker.get("device") or {}
    facts = {
        "python": kernel.get("python"),
        "interpreter": kernel.get("interpreter"),
        "cpu": device.get("cpu"),
        "cores": device.get("cores"),
        "gristmill": worker.get("gristmill"),
    }
    return {name: given for name, given in facts.items() if given is not None}
