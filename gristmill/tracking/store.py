"""What attempts have made in MLflow: by this their tokens are confined, also after a restart."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from gristmill.core.database import Tx, insert_new, metadata, project_column, time_column

tracking_owned = sa.Table(
    "tracking_owned",
    metadata,
    project_column(),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("mlflow_id", sa.String(100), nullable=False),
    sa.Column("subject", sa.String(40), nullable=False, index=True),  # the attempt
    time_column("created_at", nullable=False),
    sa.PrimaryKeyConstraint("kind", "mlflow_id"),
)


class OwnedKind(StrEnum):
    RUN = "run"
    MODEL = "model"
    TRACE = "trace"


def owner_of(tx: Tx, kind: OwnedKind, mlflow_id: str) -> str | None:
    """The attempt that made it; None for what a person made, and for what is not there."""
    query = sa.select(tracking_owned.c.subject).where(
        tracking_owned.c.kind == kind.value, tracking_owned.c.mlflow_id == mlflow_id
    )
    return tx.scalar(query)


def remember(tx: Tx, *, project_id: str, kind: OwnedKind, mlflow_id: str, subject: str, now: datetime) -> str:
    """The attempt that it belongs to: `subject`, unless it belonged to another one before."""
    row = {"project_id": project_id, "kind": kind.value, "mlflow_id": mlflow_id, "subject": subject, "created_at": now}
    insert_new(tx, tracking_owned, row)
    return owner_of(tx, kind, mlflow_id) or subject


def owned_by(tx: Tx, subject: str, kind: OwnedKind) -> tuple[str, ...]:
    """The ids of what this attempt made, oldest first."""
    query = sa.select(tracking_owned.c.mlflow_id).where(
        tracking_owned.c.subject == subject, tracking_owned.c.kind == kind.value
    )
    return tuple(tx.scalars(query.order_by(tracking_owned.c.created_at, tracking_owned.c.mlflow_id)))
