"""What a bound token may read, the order of a run's metrics, and names of an endpoint's keys."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blob_grants",
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_blob_grants_project_id_projects")),
        sa.PrimaryKeyConstraint("subject", "digest", name=op.f("pk_blob_grants")),
    )
    _grant(op.get_bind())
    op.add_column("run_metrics", sa.Column("place", sa.Integer(), nullable=True))
    op.add_column("endpoint_keys", sa.Column("name", sa.String(length=80), nullable=True))


def _grant(connection: sa.Connection) -> None:
    """Attempts that are under way read their snapshots, and have sent blobs that they have yet to name."""
    grants, blobs = (
        _table("blob_grants", "project_id", "subject", "digest"),
        _table("blobs", "project_id", "digest", "created_at"),
    )
    attempts = _table("attempts", "id", "project_id", "run_id", "claimed_at", "closed_at")
    runs, snapshots = _table("runs", "id", "snapshot"), _table("snapshots", "id")
    snapshots.append_column(sa.column("body", sa.JSON))
    query = (
        sa.select(attempts.c.id, attempts.c.project_id, snapshots.c.body)
        .join(runs, runs.c.id == attempts.c.run_id)
        .join(snapshots, snapshots.c.id == runs.c.snapshot)
        .where(attempts.c.claimed_at.is_not(None), attempts.c.closed_at.is_(None))
    )
    for attempt in connection.execute(query.order_by(attempts.c.id)).all():
        files = attempt.body.get("files", ()) if isinstance(attempt.body, dict) else ()
        sent = sa.select(blobs.c.digest).join(attempts, blobs.c.created_at >= attempts.c.claimed_at)
        sent = sent.where(attempts.c.id == attempt.id, blobs.c.project_id == attempt.project_id)
        digests = {file["digest"] for file in files} | set(connection.scalars(sent))
        for digest in sorted(digests):
            connection.execute(
                sa.insert(grants).values(project_id=attempt.project_id, subject=attempt.id, digest=digest)
            )


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))
