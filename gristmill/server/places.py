"""Where the processes of a database's attempts and endpoints can be seen: one place for all its control planes.

A control plane sees a worker by its lock in a folder. One that looked into another folder would take living workers for
dead, so it does not start.
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


def settle(db: Database, folder: Path) -> None:
    """Makes `folder` the place of the database's local processes, or finds that it is.

    Raises:
        OtherPlaceError: another folder is.
    """
    mine = _identity(folder)
    with db.write() as tx:
        insert_new(tx, places, {"project_id": SEQUENCE_OWNER, "kind": "local", "id": mine})
        found = tx.scalar(sa.select(places.c.id).where(places.c.kind == "local"))
    if found != mine:
        raise OtherPlaceError(
            f"the runs of {db.place} execute in another folder than {folder}",
            hint="Set GRISTMILL_SHARED to the folder that its other control planes use; they run on one machine.",
        )


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
