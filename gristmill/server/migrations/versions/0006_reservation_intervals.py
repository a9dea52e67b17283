"""A holder that changes its profile has several reservations one after the other, and one at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("reservations") as table:
        table.drop_constraint(op.f("uq_reservations_holder"), type_="unique")
    held = sa.text("released_at IS NULL")
    op.create_index(
        "uq_reservations_held", "reservations", ["holder"], unique=True, sqlite_where=held, postgresql_where=held
    )
