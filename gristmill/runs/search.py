"""Finding runs among many: what is looked for in their texts is found by trigrams, not by reading all of them.

SQLite has them in an FTS5 table (https://www.sqlite.org/fts5.html#the_trigram_tokenizer), PostgreSQL in a GIN index of
pg_trgm where that extension can be had. Both leave texts below three characters to a scan, newest first, that ends when
it has found enough.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import Tx
from gristmill.runs import store
from gristmill.runs.model import Run, RunState

# Not among the tables that migrations are compared with: on SQLite it is virtual.
texts = sa.Table(
    "run_texts",
    sa.MetaData(),
    sa.Column("text", sa.Text),
    sa.Column("run_id", sa.String(40)),
    sa.Column("number", sa.BigInteger),
)

_SHORTEST = 3


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """What `find` looks for; everything left out matches."""

    state: RunState | None = None
    notebook: str | None = None
    text: str | None = None  # in name, notebook or labels
    label: str | None = None  # name=value
    metric: str | None = None  # only runs that have it, best first
    ascending: bool = False  # the lowest value of the metric is the best
    before: int | None = None  # run number
    limit: int = 50


def text_of(name: str, notebook: str, labels: dict[str, str]) -> str:
    return "\n".join((name, notebook, *(f"{label}={value}" for label, value in labels.items()))).lower()


def add(tx: Tx, run: Run) -> None:
    row = {"text": text_of(run.name, run.notebook, run.labels), "run_id": run.id, "number": run.number}
    tx.execute(sa.insert(texts).values(**row))


def remove(tx: Tx, run_id: str) -> None:
    tx.execute(sa.delete(texts).where(texts.c.run_id == run_id))


def find(tx: Tx, project_id: str, wanted: RunFilter) -> list[Run]:
    """Newest first, or best first by a metric."""
    table = store.runs
    query = _query(tx, wanted).where(table.c.project_id == project_id)
    if wanted.state is not None:
        query = query.where(table.c.state == wanted.state.value)
    if wanted.notebook is not None:
        query = query.where(table.c.notebook == wanted.notebook)
    if wanted.before is not None:
        query = query.where(table.c.number < wanted.before)
    if wanted.label is not None:
        name, _, value = wanted.label.partition("=")
        query = query.where(table.c.labels[name].as_string() == value)
    return store.load_runs(tx, query.limit(wanted.limit))


def _query(tx: Tx, wanted: RunFilter) -> sa.Select[Any]:
    """The runs that can match, in the order that is asked for, by the index that has that order."""
    query = sa.select(store.runs)
    matches = [_matches(tx, text) for text in (wanted.text, wanted.label) if text]
    if wanted.metric is not None:
        metrics = store.metrics.c
        query = query.join(store.metrics, metrics.run_id == store.runs.c.id)
        query = query.where(metrics.project_id == store.runs.c.project_id, metrics.name == wanted.metric)
        if matches:
            query = query.where(store.runs.c.id.in_(sa.select(texts.c.run_id).where(*matches)))
        order = (metrics.value, metrics.run_id)
        return query.order_by(*(order if wanted.ascending else (column.desc() for column in order)))
    if not matches:
        return query.order_by(store.runs.c.number.desc())
    query = query.join(texts, texts.c.run_id == store.runs.c.id).where(*matches)
    # The order in which SQLite keeps the texts is that of the runs; of a column of theirs it has no index.
    newest = sa.literal_column("run_texts.rowid") if tx.dialect.name == "sqlite" else texts.c.number
    return query.order_by(newest.desc())


def _matches(tx: Tx, text: str) -> sa.ColumnElement[bool]:
    text = text.lower().replace("\0", "")
    if tx.dialect.name == "sqlite" and len(text) >= _SHORTEST:
        phrase = '"' + text.replace('"', '""') + '"'
        return texts.c.text.op("MATCH", is_comparison=True, return_type=sa.Boolean)(phrase)
    return texts.c.text.contains(text, autoescape=True)
