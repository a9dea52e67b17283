"""A home from a backup: all of it, checked, or nothing."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from gristmill.core import audit, tokens
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, NotFoundError, UnsupportedError
from gristmill.core.events import SEQUENCE_OWNER
from gristmill.core.scopes import Actor, ActorKind
from gristmill.core.settings import Settings
from gristmill.runs import leftovers
from gristmill.server import schema
from gristmill.server.archive import DATABASE, Manifest, unpack
from gristmill.server.places import places


@dataclass(frozen=True, kw_only=True)
class Restored:
    """`interrupted` runs were under way when the backup was made; `lacking` are blobs that it did not have."""

    home: str
    version: str
    made_at: datetime
    schema: str
    files: int
    interrupted: int
    lacking: tuple[str, ...]
    mlflow: str | None


def restore(settings: Settings, file: Path, clock: Clock) -> Restored:
    """The settings' home as the backup has it. No control plane is started.

    Raises:
        ConflictError: there is something in that folder.
        BrokenBackupError: the file is none of our backups, or not a whole one.
        NewerSchemaError: a later version of Gristmill has made it.
    """
    home = settings.home
    _check(settings, file)
    home.parent.mkdir(parents=True, exist_ok=True)
    staging = home.parent / f".{home.name}.{uuid4().hex}"
    staging.mkdir(mode=0o700)
    try:
        manifest = unpack(file, staging)
        interrupted = _revive(staging / DATABASE, manifest, clock)
        if home.is_dir():
            home.rmdir()  # it is empty, or this fails
        staging.rename(home)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Restored(
        home=str(home),
        version=manifest.version,
        made_at=manifest.made_at,
        schema=manifest.schema,
        files=len(manifest.files),
        interrupted=interrupted,
        lacking=manifest.lacking,
        mlflow=manifest.mlflow,
    )


def _check(settings: Settings, file: Path) -> None:
    if settings.database_url is not None or settings.shared is not None:
        raise UnsupportedError(
            "a backup is restored into one home with SQLite",
            hint="Unset GRISTMILL_DATABASE_URL and GRISTMILL_SHARED. A dump of PostgreSQL comes back by pg_restore.",
        )
    if not file.is_file():
        raise NotFoundError(f"there is no file {file}")
    if settings.home.exists() and (not settings.home.is_dir() or any(settings.home.iterdir())):
        raise ConflictError(
            f"{settings.home} is not empty", hint="Name another with --home, or move what is there out of the way."
        )


def _revive(file: Path, manifest: Manifest, clock: Clock) -> int:
    """Makes of a copied database one of its own. How many runs were under way."""
    if not file.is_file():
        raise NotFoundError(f"the backup has no {DATABASE}")
    db = Database(f"sqlite:///{file}")
    try:
        schema.upgrade(db)
        with db.write() as tx:
            # Whoever has a token has it of the home that was copied: the two are to be told apart.
            tx.execute(
                sa.update(tokens.tokens).where(tokens.tokens.c.revoked_at.is_(None)).values(revoked_at=clock.now())
            )
            tx.execute(sa.delete(places))
            interrupted = leftovers.interrupt_all(tx, _WHY, clock)
            detail = {"made_at": manifest.made_at.isoformat(), "version": manifest.version, "interrupted": interrupted}
            audit.record(tx, _RESTORER, time=clock.now(), action="home.restore", subject="home", detail=detail)
    finally:
        db.close()
    for left in file.parent.glob(f"{DATABASE}?*"):
        left.unlink()
    return interrupted


_WHY = "the run was under way when the backup was made from which this home was restored"
_RESTORER = Actor(
    id="actor_restore", project_id=SEQUENCE_OWNER, kind=ActorKind.SERVICE, name="restore", scopes=frozenset()
)
