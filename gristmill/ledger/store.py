from collections.abc import Sequence

import sqlalchemy as sa

from gristmill.core.database import Tx, insert_row, json_column, metadata, project_column, time_column
from gristmill.ledger.model import Reservation
from gristmill.profiles.model import Resources

reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    project_column(),
    sa.Column("holder", sa.String(80), nullable=False),
    json_column("subjects", nullable=False),
    sa.Column("profile", sa.String(80), nullable=False),
    sa.Column("cpu", sa.Float, nullable=False),
    sa.Column("memory", sa.BigInteger, nullable=False),
    sa.Column("accelerators", sa.Integer, nullable=False),
    sa.Column("rate_per_hour", sa.Float, nullable=False),
    time_column("requested_at", nullable=False),
    time_column("active_at"),
    time_column("released_at", index=True),
)
_HELD = reservations.c.released_at.is_(None)
sa.Index("uq_reservations_held", reservations.c.holder, unique=True, sqlite_where=_HELD, postgresql_where=_HELD)


def held_of(tx: Tx, holder: str) -> Reservation | None:
    """What it has now; there is one at most."""
    row = tx.execute(sa.select(reservations).where(reservations.c.holder == holder, _HELD)).mappings().one_or_none()
    return None if row is None else from_row(row)


def unreleased(tx: Tx) -> list[Reservation]:
    query = sa.select(reservations).where(reservations.c.released_at.is_(None)).order_by(reservations.c.id)
    return [from_row(row) for row in tx.execute(query).mappings()]


def of_project(tx: Tx, project_id: str) -> list[Reservation]:
    query = sa.select(reservations).where(reservations.c.project_id == project_id).order_by(reservations.c.id)
    return [from_row(row) for row in tx.execute(query).mappings()]


def of_holders(tx: Tx, holders: Sequence[str]) -> list[Reservation]:
    query = sa.select(reservations).where(reservations.c.holder.in_(holders)).order_by(reservations.c.id)
    return [from_row(row) for row in tx.execute(query).mappings()]


def insert(tx: Tx, reservation: Reservation) -> None:
    insert_row(
        tx,
        reservations,
        id=reservation.id,
        project_id=reservation.project_id,
        holder=reservation.holder,
        subjects=list(reservation.subjects),
        profile=reservation.profile,
        cpu=reservation.resources.cpu,
        memory=reservation.resources.memory,
        accelerators=reservation.resources.accelerators,
        rate_per_hour=reservation.rate_per_hour,
        requested_at=reservation.requested_at,
        active_at=reservation.active_at,
    )


def from_row(row: sa.RowMapping) -> Reservation:
    return Reservation(
        id=row["id"],
        project_id=row["project_id"],
        holder=row["holder"],
        subjects=tuple(row["subjects"]),
        profile=row["profile"],
        resources=Resources(cpu=row["cpu"], memory=row["memory"], accelerators=row["accelerators"]),
        rate_per_hour=row["rate_per_hour"],
        requested_at=row["requested_at"],
        active_at=row["active_at"],
        released_at=row["released_at"],
    )
