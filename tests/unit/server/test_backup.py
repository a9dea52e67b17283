"""A backup is whole, confined to its folder, and of this version or an older one; else nothing comes of it."""

import gzip
import io
import os
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from gristmill.core import audit, blobs, tokens
from gristmill.core.blobs import BlobStore
from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, InvalidInputError, NotFoundError, UnsupportedError
from gristmill.core.processes import exclusive
from gristmill.core.scopes import PERSON_SCOPES, ActorKind
from gristmill.core.settings import Settings
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.projects.store import ensure_default
from gristmill.server import backup as backups
from gristmill.server import schema
from gristmill.server.archive import BrokenBackupError
from gristmill.server.backup import Made
from gristmill.server.collector import LOCK
from gristmill.server.restore import restore
from gristmill.server.schema import NewerSchemaError
from tests.unit.conftest import TestClock


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    (tmp_path / "home").mkdir()
    return f"sqlite:///{tmp_path}/home/gristmill.db"


@pytest.fixture
def home(tmp_path: Path, db: Database, clock: TestClock) -> Settings:
    """A home with a blob, an artifact, MLflow's database, a token, and what is no part of a backup."""
    settings = Settings(home=tmp_path / "home")
    digest = BlobStore(str(settings.blobs), max_bytes=1000).put_bytes(b"hello")
    with db.write() as tx:
        blobs.remember(tx, project_id=DEFAULT_PROJECT, digest=digest, size=5, now=clock.now())
        tokens.issue(
            tx, project_id=DEFAULT_PROJECT, kind=ActorKind.PERSON, name="ada", scopes=PERSON_SCOPES, now=clock.now()
        )
    (settings.mlflow / "artifacts" / "1" / "model").mkdir(parents=True)
    (settings.mlflow / "artifacts" / "1" / "model" / "MLmodel").write_text("flavors: {}")
    (settings.mlflow / "artifacts" / "link").symlink_to("/etc/passwd")
    with sqlite3.connect(settings.mlflow / "mlflow.db") as mlflow:
        mlflow.execute("CREATE TABLE experiments (name TEXT)")
    for name in ("token", "server.json", "place", "server.log", "profiles.yaml"):
        (settings.home / name).write_text(name)
    (settings.home / "keys").mkdir()
    (settings.home / "keys" / "churn").write_text("key")
    return settings


@pytest.fixture
def backup(home: Settings, tmp_path: Path, clock: TestClock) -> Made:
    return backups.create(home, tmp_path / "backup", clock)


def restored(made: Made, tmp_path: Path, clock: TestClock) -> Path:
    settings = Settings(home=tmp_path / "new")
    restore(settings, Path(made.file), clock)
    return settings.home


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_restored_home_has_what_the_home_had_but_no_credentials(
    backup: Made, tmp_path: Path, clock: TestClock
) -> None:
    new = restored(backup, tmp_path, clock)
    digest = blobs.digest_of(b"hello").removeprefix("sha256:")
    assert files(new) == {
        "gristmill.db",
        "profiles.yaml",
        "mlflow/mlflow.db",
        "mlflow/artifacts/1/model/MLmodel",
        f"blobs/sha256/{digest[:2]}/{digest[2:]}",
    }
    assert stat.S_IMODE(Path(backup.file).stat().st_mode) == 0o600
    assert not [path for path in new.rglob("*") if path.stat().st_mode & 0o077 and path.is_file()]
    db = Database(f"sqlite:///{new}/gristmill.db")
    with db.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).where(tokens.tokens.c.revoked_at.is_(None))) == 0
        assert audit.verify(tx).broken_at is None
        assert [entry.action for entry in audit.entries(tx, project_id=DEFAULT_PROJECT)] == ["home.restore"]
    db.close()


def test_a_home_that_is_not_empty_is_left_alone(backup: Made, home: Settings, clock: TestClock) -> None:
    before = files(home.home)
    with pytest.raises(ConflictError, match="not empty"):
        restore(home, Path(backup.file), clock)
    assert files(home.home) == before


def test_a_backup_is_not_written_over_a_file_nor_into_the_home(
    backup: Made, home: Settings, tmp_path: Path, clock: TestClock
) -> None:
    with pytest.raises(ConflictError, match="already"):
        backups.create(home, tmp_path / "backup", clock)
    with pytest.raises(InvalidInputError, match="lost with it"):
        backups.create(home, home.home / "backup", clock)
    with pytest.raises(NotFoundError):
        backups.create(Settings(home=tmp_path / "none"), tmp_path / "other", clock)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "home"]


def test_postgresql_is_backed_up_by_its_own_tools(tmp_path: Path, clock: TestClock) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://ada:hidden@db.example:5432/gristmill")
    with pytest.raises(UnsupportedError) as caught:
        backups.create(settings, tmp_path / "backup", clock)
    assert "pg_dump --format=custom --file=gristmill.dump 'postgresql://ada@db.example:5432/gristmill'" in str(
        caught.value.hint
    )
    assert "hidden" not in f"{caught.value} {caught.value.hint}"


def test_a_blob_that_is_lost_is_named(home: Settings, db: Database, tmp_path: Path, clock: TestClock) -> None:
    lost = blobs.digest_of(b"lost")
    with db.write() as tx:
        blobs.remember(tx, project_id=DEFAULT_PROJECT, digest=lost, size=4, now=clock.now())
    assert backups.create(home, tmp_path / "backup", clock).lacking == (lost,)


def test_no_garbage_is_collected_while_a_backup_is_made(
    home: Settings, tmp_path: Path, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def fill(*arguments: object) -> object:
        with exclusive(home.home / LOCK) as alone:
            seen.append(alone)
        return original(*arguments)  # type: ignore[arg-type]

    original = backups._fill
    monkeypatch.setattr(backups, "_fill", fill)
    backups.create(home, tmp_path / "backup", clock)
    assert seen == [False]


Change = Callable[[dict[str, bytes]], object]


def rewritten(made: Made, change: Change, tmp_path: Path) -> Path:
    with tarfile.open(made.file) as tar:
        content = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    change(content)
    path = tmp_path / "changed"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


CHANGES: dict[str, Change] = {
    "a byte": lambda content: content.update({"profiles.yaml": b"Profiles.yaml"}),
    "a file missing": lambda content: content.pop("profiles.yaml"),
    "a file more": lambda content: content.update({"mlflow/artifacts/more": b"x"}),
    "no manifest": lambda content: content.pop("manifest.json"),
    "above": lambda content: content.update({"mlflow/artifacts/../../../above": b"x"}),
    "absolute": lambda content: content.update({"/tmp/absolute": b"x"}),  # noqa: S108  # a name in an archive
    "a token": lambda content: content.update({"token": b"mine"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_backup_that_was_changed_is_refused_and_leaves_nothing(
    backup: Made, tmp_path: Path, clock: TestClock, change: Change
) -> None:
    path = rewritten(backup, change, tmp_path)
    before = files(tmp_path)
    with pytest.raises(BrokenBackupError):
        restore(Settings(home=tmp_path / "new"), path, clock)
    assert files(tmp_path) == before
    assert not (tmp_path / "new").exists()


def test_links_and_devices_are_refused(tmp_path: Path, clock: TestClock) -> None:
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
        path = tmp_path / "evil"
        with tarfile.open(path, "w:gz") as tar:
            entry = tarfile.TarInfo("mlflow/artifacts/link")
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
        with pytest.raises(BrokenBackupError, match="plain files"):
            restore(Settings(home=tmp_path / "new"), path, clock)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_backup_that_is_cut_is_refused(backup: Made, tmp_path: Path, clock: TestClock, kept: float) -> None:
    path = Path(backup.file)
    os.truncate(path, int(path.stat().st_size * kept))
    with pytest.raises(BrokenBackupError, match=r"cannot be read|ends without"):
        restore(Settings(home=tmp_path / "new"), path, clock)
    assert not (tmp_path / "new").exists()


def test_what_is_no_backup_is_refused(tmp_path: Path, clock: TestClock) -> None:
    for content in (b"", b"text", gzip.compress(b"text")):
        path = tmp_path / "file"
        path.write_bytes(content)
        with pytest.raises(BrokenBackupError):
            restore(Settings(home=tmp_path / "new"), path, clock)


def test_a_backup_of_a_later_version_is_refused(home: Settings, db: Database, tmp_path: Path, clock: TestClock) -> None:
    with db.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    made = backups.create(home, tmp_path / "backup", clock)
    with pytest.raises(NewerSchemaError):
        restored(made, tmp_path, clock)
    assert not (tmp_path / "new").exists()


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path, clock: TestClock) -> None:
    old = Settings(home=tmp_path / "old")
    old.home.mkdir()
    db = Database(old.database)
    config = schema._config()
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
        connection.commit()
    with db.write() as tx:
        ensure_default(tx, clock.now())
    db.close()
    new = restored(backups.create(old, tmp_path / "backup", clock), tmp_path, clock)
    db = Database(f"sqlite:///{new}/gristmill.db")
    assert schema.state(db).is_current
    db.close()
    assert files(new) == {"gristmill.db"}
