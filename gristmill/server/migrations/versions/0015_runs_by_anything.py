"""Runs are found, sorted and grouped by parameters, commit and duration; a text is asked of the run itself too."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PORTION = 1_000  # runs that are in memory at once
LONGEST_VALUE, LONGEST_NAME = 200, 250


def upgrade() -> None:
    op.add_column("runs", sa.Column("commit", sa.String(length=64), nullable=True))
    op.add_column("runs", sa.Column("text", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("seconds", sa.Float(), nullable=True))
    op.create_table(
        "run_parameters",
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=LONGEST_NAME), nullable=False),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("text", sa.String(length=LONGEST_VALUE), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_run_parameters_project_id_projects")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_parameters_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "name", name=op.f("pk_run_parameters")),
    )
    _fill(op.get_bind())
    op.create_index("ix_run_parameters_number", "run_parameters", ["project_id", "name", "number", "run_id"])
    op.create_index("ix_run_parameters_text", "run_parameters", ["project_id", "name", "text", "run_id"])
    for name in ("name", "commit", "seconds"):
        op.create_index(f"ix_runs_project_{name}", "runs", ["project_id", name, "number"])


def _fill(connection: sa.Connection) -> None:
    runs, snapshots, parameters = (sa.Table(name, sa.MetaData(), *columns) for name, columns in _TABLES.items())
    git = snapshots.c.body
    place = sa.tuple_(runs.c.number, runs.c.id)
    query = sa.select(runs, git.label("body")).outerjoin(snapshots, snapshots.c.id == runs.c.snapshot)
    query = query.order_by(runs.c.number, runs.c.id).limit(PORTION)
    rows = connection.execute(query).all()
    while rows:
        own = runs.c
        change = (
            sa.update(runs)
            .where(own.id == sa.bindparam("of"))
            .values(commit=sa.bindparam("to_commit"), text=sa.bindparam("to_text"), seconds=sa.bindparam("to_seconds"))
        )
        connection.execute(change, [_changes(row) for row in rows])
        if values := [one for row in rows for one in _values(row)]:
            connection.execute(sa.insert(parameters), values)
        rows = connection.execute(query.where(place > (rows[-1].number, rows[-1].id))).all()


def _changes(run: sa.Row[Any]) -> dict[str, Any]:
    labels = run.labels if isinstance(run.labels, dict) else {}
    git = (run.body.get("git") or {}) if isinstance(run.body, dict) else {}
    over = run.started_at is not None and run.ended_at is not None
    return {
        "of": run.id,
        "to_commit": str(git["commit"])[:64] if git.get("commit") else None,
        "to_text": "\n".join((run.name, run.notebook, *(f"{key}={value}" for key, value in labels.items()))).lower(),
        "to_seconds": (run.ended_at - run.started_at).total_seconds() if over else None,
    }


def _values(run: sa.Row[Any]) -> list[dict[str, Any]]:
    given = run.parameters if isinstance(run.parameters, dict) else {}
    rows = {str(name)[:LONGEST_NAME]: value for name, value in given.items()}
    return [
        {"project_id": run.project_id, "run_id": run.id, "name": name, "number": _number(value), "text": _text(value)}
        for name, value in rows.items()
    ]


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\0", "")[:LONGEST_VALUE]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < float("inf") else None


_TABLES: dict[str, list[sa.Column[Any]]] = {
    "runs": [
        *(
            sa.Column(name, sa.String)
            for name in ("id", "project_id", "name", "notebook", "snapshot", "commit", "text")
        ),
        sa.Column("number", sa.BigInteger),
        sa.Column("seconds", sa.Float),
        *(sa.Column(name, sa.JSON) for name in ("labels", "parameters")),
        *(sa.Column(name, sa.DateTime) for name in ("started_at", "ended_at")),
    ],
    "snapshots": [sa.Column("id", sa.String), sa.Column("body", sa.JSON)],
    "run_parameters": [
        *(sa.Column(name, sa.String) for name in ("project_id", "run_id", "name", "text")),
        sa.Column("number", sa.Float),
    ],
}
