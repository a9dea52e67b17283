"""Which MLflow server an attempt is tracked by, where it is not Gristmill's own."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("tracking_server", sa.String(length=500), nullable=True))
