"""Where what a database's attempts and endpoints consist of can be seen: one place for all its control planes.

A control plane sees a worker by its lock in a folder, or as a pod of a namespace. One that looked elsewhere would take
living workers for dead, so it does not start.
"""

from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from gristmill.core.database import Database, insert_new, metadata, project_column
from gristmill.core.errors import ConflictError
from gristmill.core.events import SEQUENCE_OWNER

FILE = "place"

places = sa.Table(
    "places",
    metadata,
    project_column(),
    sa.Column("kind", sa.String(40), primary_key=True),  # of executor and backend
    sa.Column("id", sa.String(40), nullable=False),
)


class OtherPlaceError(ConflictError):
    code = "other_place"
    title = "The database belongs to another place"


def settle(db: Database, kind: str, identity: str, name: str, *, hint: str | None = None) -> None:
    """Makes what has this `identity` the place of the database's runs and endpoints, or finds that it is.

    Raises:
        OtherPlaceError: another one of its kind is; `name` is what people call this one.
    """
    with db.write() as tx:
        insert_new(tx, places, {"project_id": SEQUENCE_OWNER, "kind": kind, "id": identity})
        found = tx.scalar(sa.select(places.c.id).where(places.c.kind == kind))
    if found != identity:
        raise OtherPlaceError(f"the runs of {db.place} execute elsewhere than in {name}", hint=hint)


def settle_in_folder(db: Database, folder: Path) -> None:
    """The same for the processes of this machine."""
    hint = "Set GRISTMILL_SHARED to the folder that its other control planes use; they run on one machine."
    settle(db, "local", _identity(folder), str(folder), hint=hint)


def _identity(folder: Path) -> str:
    """Kept in the folder, whatever path leads to it; whoever comes first makes it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / FILE
    partial = folder / f".{FILE}.{uuid4().hex}"
    partial.write_text(f"place_{uuid4().hex}\n")
    try:
        file.hardlink_to(partial)
    except FileExistsError:
        pass  # made before
    finally:
        partial.unlink()
    return file.read_text().strip()
