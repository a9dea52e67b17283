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
    # Attempts that are under way have sent blobs that they have yet to name.
    op.execute(
        "INSERT INTO blob_grants (project_id, subject, digest) SELECT attempts.project_id, attempts.id, blobs.digest "
        "FROM attempts JOIN blobs ON blobs.project_id = attempts.project_id "
        "WHERE attempts.claimed_at IS NOT NULL AND attempts.closed_at IS NULL"
    )
    op.add_column("run_metrics", sa.Column("place", sa.Integer(), nullable=True))
    op.add_column("endpoint_keys", sa.Column("name", sa.String(length=80), nullable=True))
