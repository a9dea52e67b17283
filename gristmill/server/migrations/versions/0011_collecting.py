"""Blobs and snapshots know when they were used last, and blobs whether their bytes are coming or leaving."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("blobs", sa.Column("touched_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("blobs", sa.Column("state", sa.String(length=10), nullable=True))
    op.add_column("snapshots", sa.Column("touched_at", sa.DateTime(timezone=True), nullable=True))
