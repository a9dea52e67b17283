"""What attempts were given of secrets is kept until they are closed."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempt_secrets",
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("vault", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_attempt_secrets_project_id_projects")),
        sa.PrimaryKeyConstraint("attempt_id", "name", name=op.f("pk_attempt_secrets")),
    )
    _hold(op.get_bind())


def _hold(connection: sa.Connection) -> None:
    """Attempts that are under way: nothing better is known than what their secrets have now."""
    attempts = _table("attempts", "id", "project_id", "run_id", "claimed_at", "closed_at")
    runs, secrets = _table("runs", "id"), _table("secrets", "project_id", "name", "vault", "sealed")
    runs.append_column(sa.column("secrets", sa.JSON))
    begun = (
        sa.select(attempts.c.id, attempts.c.project_id, runs.c.secrets)
        .join(runs, runs.c.id == attempts.c.run_id)
        .where(attempts.c.claimed_at.is_not(None), attempts.c.closed_at.is_(None))
    )
    held = _table("attempt_secrets", "project_id", "attempt_id", "name", "vault", "sealed")
    for attempt in connection.execute(begun).all():
        names = [grant["name"] for grant in attempt.secrets or ()]
        found = sa.select(secrets).where(secrets.c.project_id == attempt.project_id, secrets.c.name.in_(names))
        rows: list[dict[str, Any]] = [dict(row) for row in connection.execute(found).mappings()]
        if rows:
            connection.execute(sa.insert(held), [{**row, "attempt_id": attempt.id} for row in rows])


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))
