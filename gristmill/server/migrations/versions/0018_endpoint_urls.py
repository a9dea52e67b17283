"""An endpoint may be reached elsewhere than on this machine's loopback."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("url", sa.String(300), nullable=True))
