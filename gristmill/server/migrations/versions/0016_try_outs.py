"""Models are tried out before they are deployed, and may answer with labels or probabilities."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("variants", sa.Column("answers", sa.String(20), nullable=True))
