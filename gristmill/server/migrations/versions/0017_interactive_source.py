"""It is known where a notebook lies in which something is done by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interactive_sessions", sa.Column("source", sa.Text(), nullable=True))
