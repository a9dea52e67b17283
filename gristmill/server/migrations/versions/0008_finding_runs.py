"""Runs are found among many by their texts, their state, their notebook and a metric."""

import logging
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PORTION = 1_000  # runs that are in memory at once

log = logging.getLogger("gristmill.server.schema")


def upgrade() -> None:
    op.create_index("ix_runs_project_state", "runs", ["project_id", "state", "number"])
    op.create_index("ix_runs_project_notebook", "runs", ["project_id", "notebook", "number"])
    op.drop_index("ix_run_metrics_value", "run_metrics")
    op.create_index("ix_run_metrics_value", "run_metrics", ["project_id", "name", "value", "run_id"])
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE run_texts USING fts5(text, run_id UNINDEXED, number UNINDEXED, tokenize='trigram')"
        )
    else:
        _create_table()
    _fill(connection)


def _create_table() -> None:
    op.create_table(
        "run_texts",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_texts")),
    )
    op.create_index("ix_run_texts_number", "run_texts", ["number"])
    try:
        with op.get_bind().begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            op.execute("CREATE INDEX ix_run_texts_text ON run_texts USING gin (text gin_trgm_ops)")
    except DBAPIError as error:
        log.warning("pg_trgm cannot be had, a text is looked for by reading all: %s", str(error.orig).strip())


def _fill(connection: sa.Connection) -> None:
    runs = sa.table(
        "runs", *(sa.column(name) for name in ("id", "number", "name", "notebook")), sa.column("labels", sa.JSON)
    )
    texts = sa.table("run_texts", *(sa.column(name) for name in ("run_id", "number", "text")))
    place = sa.tuple_(runs.c.number, runs.c.id)
    query = sa.select(runs).order_by(runs.c.number, runs.c.id).limit(PORTION)
    rows = connection.execute(query).all()
    while rows:
        connection.execute(sa.insert(texts), [_row(row) for row in rows])
        rows = connection.execute(query.where(place > (rows[-1].number, rows[-1].id))).all()


def _row(run: sa.Row[Any]) -> dict[str, Any]:
    labels = run.labels if isinstance(run.labels, dict) else {}
    return {"run_id": run.id, "number": run.number, "text": _text(run.name, run.notebook, labels)}


def _text(name: str, notebook: str, labels: dict[str, str]) -> str:
    return "\n".join((name, notebook, *(f"{label}={value}" for label, value in labels.items()))).lower()
