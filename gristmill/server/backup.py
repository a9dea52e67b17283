"""`python -m gristmill.server.backup create FILE | restore FILE [HOME]`: for `gristmill backup` and `restore`.

A backup is of one home with SQLite, and may be made while all goes on. Databases are copied first, then the files that
they refer to: what comes after that is not in it, and nothing that is in it lacks. No garbage is collected meanwhile.
"""

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gristmill import __version__
from gristmill.core.clock import Clock, SystemClock
from gristmill.core.database import Database
from gristmill.core.database_engines import parse
from gristmill.core.errors import (
    ConflictError,
    GristmillError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
    UnsupportedError,
)
from gristmill.core.processes import exclusive
from gristmill.core.settings import Settings, read_settings
from gristmill.core.sqlite_copy import copy_database
from gristmill.server import schema
from gristmill.server.archive import BLOBS, DATABASE, FORMAT, MLFLOW, PROFILES, Manifest, Writer, writing
from gristmill.server.collector import LOCK
from gristmill.server.restore import restore

_PATIENCE = 30.0  # seconds that a slice of a garbage collection is waited for


@dataclass(frozen=True, kw_only=True)
class Made:
    """A backup that was made; sizes in bytes, before packing and of the file."""

    file: str
    home: str
    made_at: datetime
    schema: str
    files: int
    bytes: int
    size: int
    lacking: tuple[str, ...]
    mlflow: str | None


def create(settings: Settings, target: Path, clock: Clock) -> Made:
    """A backup of the home at `target`, which is not there yet.

    Raises:
        UnsupportedError: the database is a PostgreSQL's, whose own tools do this.
        ConflictError: there is a file already.
    """
    _check(settings, target)
    with (
        _undisturbed(settings),
        tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch,
        writing(target) as archive,
    ):
        manifest = _fill(archive, settings, Path(scratch), clock)
        archive.close(manifest)
    return Made(
        file=str(target),
        home=str(settings.home),
        made_at=manifest.made_at,
        schema=manifest.schema,
        files=len(manifest.files),
        bytes=archive.bytes,
        size=target.stat().st_size,
        lacking=manifest.lacking,
        mlflow=manifest.mlflow,
    )


def _check(settings: Settings, target: Path) -> None:
    if settings.database_url is not None:
        full = parse(settings.database)
        named = sa.URL.create("postgresql", full.username, None, full.host, full.port, full.database)
        url = named.render_as_string()
        raise UnsupportedError(
            f"the database is {url}: it is not in the home, and its own tools copy it",
            hint=f"pg_dump --format=custom --file=gristmill.dump '{url}', and after that copy {settings.blobs} and "
            f"{settings.mlflow}.",
        )
    if not (settings.home / DATABASE).is_file():
        raise NotFoundError(f"there is no Gristmill in {settings.home}", hint="GRISTMILL_HOME names another home.")
    if target.exists():
        raise ConflictError(f"{target} is there already", hint="Name a file that is not.")
    if not target.parent.is_dir():
        raise NotFoundError(f"there is no folder {target.parent}")
    if target.resolve().is_relative_to(settings.home.resolve()):
        raise InvalidInputError(f"{target} lies in the home, and would be lost with it", hint="Name another folder.")


@contextmanager
def _undisturbed(settings: Settings) -> Iterator[None]:
    """No garbage is collected within the block."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        with exclusive(settings.home / LOCK) as alone:
            if alone:
                yield
                return
        if time.monotonic() > deadline:
            raise UnavailableError("another backup of this home is being made", hint="Try again when it is done.")
        time.sleep(0.05)  # a file's lock has no way to wake who waits with a limit


def _fill(archive: Writer, settings: Settings, scratch: Path, clock: Clock) -> Manifest:
    made_at = clock.now()
    database = _copy(settings.home / DATABASE, scratch / "database")
    archive.add(DATABASE, database)
    if settings.mlflow_url is None and (settings.mlflow / "mlflow.db").is_file():
        archive.add(f"{MLFLOW}/mlflow.db", _copy(settings.mlflow / "mlflow.db", scratch / "mlflow"))
    if (profiles := settings.home / PROFILES).is_file():
        archive.add(PROFILES, profiles)
    lacking = _add_blobs(archive, settings.blobs, database)
    if settings.mlflow_url is None:
        _add_artifacts(archive, settings.mlflow / "artifacts", scratch)
    return Manifest(
        format=FORMAT,
        version=__version__,
        schema=_schema_of(database),
        made_at=made_at,
        mlflow=settings.mlflow_url,
        files=archive.files,
        lacking=tuple(lacking),
    )


def _copy(source: Path, target: Path) -> Path:
    copy_database(source, target)
    return target


def _schema_of(database: Path) -> str:
    db = Database(f"sqlite:///{database}")
    try:
        return schema.state(db).current or ""
    finally:
        db.close()


def _add_blobs(archive: Writer, folder: Path, database: Path) -> list[str]:
    query = "SELECT DISTINCT digest FROM blobs WHERE {} ORDER BY digest"
    with closing(sqlite3.connect(database)) as copy:
        has_state = any(row[1] == "state" for row in copy.execute("PRAGMA table_info(blobs)"))
        digests = [row[0] for row in copy.execute(query.format("state IS NULL" if has_state else "1"))]
    lacking = []
    for digest in digests:
        name = digest.removeprefix("sha256:")
        path = f"{name[:2]}/{name[2:]}"
        try:
            archive.add(f"{BLOBS}/{path}", folder / "sha256" / path)
        except FileNotFoundError:
            lacking.append(digest)
    return lacking


def _add_artifacts(archive: Writer, folder: Path, scratch: Path) -> None:
    """A file may be about to be written: what was there of it is in the backup, as it was at one moment of its copy."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_symlink() or not path.is_file():
            continue
        copy = scratch / "artifact"
        try:
            with path.open("rb") as source, copy.open("wb") as target:
                while chunk := source.read(2**20):
                    target.write(chunk)
        except FileNotFoundError:
            continue  # deleted meanwhile
        archive.add(f"{MLFLOW}/artifacts/{path.relative_to(folder).as_posix()}", copy)


def main(arguments: list[str]) -> int:
    """0, and what was done; or an error's exit status, and the error."""
    try:
        answer = _answer(arguments)
    except GristmillError as error:
        json.dump({"error": asdict(error.problem()), "exit_code": error.exit_code}, sys.stdout)
        return error.exit_code
    json.dump(answer, sys.stdout, default=str)
    return 0


def _answer(arguments: list[str]) -> dict[str, Any]:
    settings = read_settings()
    match arguments:
        case ["create", file]:
            return asdict(create(settings, _path(file), SystemClock()))
        case ["restore", file]:
            return asdict(restore(settings, _path(file), SystemClock()))
        case ["restore", file, home]:
            return asdict(restore(replace(settings, home=_path(home)), _path(file), SystemClock()))
    raise InvalidInputError(f"got {arguments}, expected create FILE or restore FILE [HOME]")


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
