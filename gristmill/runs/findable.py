"""What runs are found and sorted by, beside their own columns: kept when a run is made, renamed or deleted.

Texts are in SQLite an FTS5 table (https://www.sqlite.org/fts5.html#the_trigram_tokenizer), in PostgreSQL in a GIN index
of pg_trgm where that extension can be had. Both leave texts below three characters to a scan.
"""

import json
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import Tx, insert_row, metadata, project_column
from gristmill.runs import store
from gristmill.runs.model import Run

LONGEST_VALUE = 200  # characters of a parameter that are looked at
LONGEST_NAME = 250

# Not among the tables that migrations are compared with: on SQLite it is virtual.
texts = sa.Table(
    "run_texts",
    sa.MetaData(),
    sa.Column("text", sa.Text),
    sa.Column("run_id", sa.String(40)),
    sa.Column("number", sa.BigInteger),
)

parameters = sa.Table(
    "run_parameters",
    metadata,
    project_column(),
    sa.Column("run_id", sa.String(40), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.String(LONGEST_NAME), nullable=False),
    sa.Column("number", sa.Float),  # what is no number has none
    sa.Column("text", sa.String(LONGEST_VALUE), nullable=False),
    sa.PrimaryKeyConstraint("run_id", "name"),
    sa.Index("ix_run_parameters_number", "project_id", "name", "number", "run_id"),
    sa.Index("ix_run_parameters_text", "project_id", "name", "text", "run_id"),
)


def text_of(name: str, notebook: str, labels: dict[str, str]) -> str:
    return "\n".join((name, notebook, *(f"{label}={value}" for label, value in labels.items()))).lower()


def parameter_rows(project_id: str, run_id: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """One for each parameter; two names that are equal as far as they are looked at are one."""
    rows = {name[:LONGEST_NAME]: value for name, value in values.items()}
    return [
        {"project_id": project_id, "run_id": run_id, "name": name, "number": _number(value), "text": value_text(value)}
        for name, value in rows.items()
    ]


def value_text(value: Any) -> str:
    """As one types it in a query: `6`, `true`, `all`; lists and mappings as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\0", "")[:LONGEST_VALUE]


def add(tx: Tx, run: Run) -> None:
    text = text_of(run.name, run.notebook, run.labels)
    insert_row(tx, texts, text=text, run_id=run.id, number=run.number)
    if rows := parameter_rows(run.project_id, run.id, run.parameters):
        tx.execute(sa.insert(parameters), rows)


def retell(tx: Tx, run: Run) -> None:
    """Its name or its labels are others now."""
    text = text_of(run.name, run.notebook, run.labels)
    tx.execute(sa.update(texts).where(texts.c.run_id == run.id).values(text=text))
    store.update_run(tx, run.id, text=text)


def remove(tx: Tx, run_id: str) -> None:
    tx.execute(sa.delete(texts).where(texts.c.run_id == run_id))
    tx.execute(sa.delete(parameters).where(parameters.c.run_id == run_id))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) != float("inf") and number == number else None  # noqa: PLR0124  # not a number
