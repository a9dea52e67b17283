"""Kernels of failed runs that are kept for a look at them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("post_mortem_s", sa.Float(), nullable=True))
    op.add_column("attempts", sa.Column("kept_kernel", sa.JSON(none_as_null=True), nullable=True))
