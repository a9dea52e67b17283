"""Data roots, and what data a run was bound to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_roots",
        sa.Column("project_id", sa.String(length=40), nullable=False),
        sa.Column("folder", sa.String(length=1000), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("source", sa.String(length=2000), nullable=False),
        sa.Column("at", sa.String(length=1000), nullable=False),
        sa.Column("digest", sa.String(length=10), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_data_roots_project_id_projects")),
        sa.PrimaryKeyConstraint("project_id", "folder", "name", name=op.f("pk_data_roots")),
    )
    op.add_column("runs", sa.Column("data", sa.JSON(none_as_null=True), nullable=True))
