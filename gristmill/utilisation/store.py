"""Rows of what attempts used: the points of one report each, in order."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from gristmill.core.database import Tx, insert_row, json_column, metadata, project_column
from gristmill.utilisation.model import UtilisationPoint

utilisation = sa.Table(
    "utilisation",
    metadata,
    project_column(),
    sa.Column("attempt", sa.String(40), nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    json_column("points", nullable=False),
    sa.PrimaryKeyConstraint("attempt", "place"),
)


def append(tx: Tx, project_id: str, attempt: str, points: Sequence[UtilisationPoint]) -> int:
    """How many points the attempt has now."""
    mine = utilisation.c.attempt == attempt
    last, held = tx.execute(
        sa.select(sa.func.max(utilisation.c.place), sa.func.sum(utilisation.c.count)).where(mine)
    ).one()
    row = {"project_id": project_id, "attempt": attempt, "place": (last or 0) + 1, "count": len(points)}
    insert_row(tx, utilisation, **row, points=msgspec.to_builtins(points))
    return int(held or 0) + len(points)


def load(tx: Tx, attempt: str) -> tuple[UtilisationPoint, ...]:
    query = sa.select(utilisation.c.points).where(utilisation.c.attempt == attempt).order_by(utilisation.c.place)
    return tuple(point for row in tx.scalars(query) for point in msgspec.convert(row, tuple[UtilisationPoint, ...]))


def delete(tx: Tx, attempts: Sequence[str]) -> None:
    tx.execute(sa.delete(utilisation).where(utilisation.c.attempt.in_(list(attempts))))
