"""The form of a backup: a gzipped tar (POSIX.1-2001) of plain files, whose last one, `manifest.json`, lists the others.

gristmill.db            as SQLite's own backup copies it
mlflow/mlflow.db        the same
mlflow/artifacts/…      MLflow's files: models among them
blobs/sha256/ab/cd…     the blobs that gristmill.db refers to
profiles.yaml           where there is one
manifest.json
"""

import gzip
import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

import msgspec

from gristmill.core.blobs import CHUNK
from gristmill.core.errors import InvalidInputError

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE, PROFILES, BLOBS, MLFLOW = "gristmill.db", "profiles.yaml", "blobs/sha256", "mlflow"
_LONGEST_MANIFEST = 2**30
_KNOWN = (DATABASE, PROFILES, MANIFEST)
_FOLDERS = (f"{BLOBS}/", f"{MLFLOW}/mlflow.db", f"{MLFLOW}/artifacts/")


class BrokenBackupError(InvalidInputError):
    code = "broken_backup"
    title = "This is no backup, or not a whole one"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`files` has the SHA-256 of each; `lacking` are blobs that were referred to and not there."""

    format: int
    version: str
    schema: str
    made_at: datetime
    mlflow: str | None  # the URL of an MLflow server that is not in the backup
    files: dict[str, str] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()


class Writer:
    """Takes one file after the other; the backup appears whole or not at all, readable by its owner only."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, str] = {}
        self.bytes = 0

    def add(self, name: str, path: Path) -> None:
        """Raises OSError where it cannot be read, or becomes shorter while it is."""
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            hashing = _Hashing(stream)
            self._tar.addfile(_entry(name, size), hashing)
        self.files[name] = hashing.digest
        self.bytes += size

    def close(self, manifest: Manifest) -> None:
        content = msgspec.json.encode(manifest)
        self._tar.addfile(_entry(MANIFEST, len(content)), io.BytesIO(content))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    partial = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with (
            open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw,  # noqa: PTH123  # with a mode
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=1) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            yield Writer(tar)
        with partial.open("rb") as whole:
            os.fsync(whole.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def unpack(path: Path, folder: Path) -> Manifest:
    """Writes the backup's files into the empty `folder`, each below it, and holds them against their digests.

    Raises:
        BrokenBackupError: something is no plain file of a backup, is missing, is too much, or is not what it was.
    """
    found: dict[str, str] = {}
    content: bytes | None = None
    try:
        with tarfile.open(path, mode="r|gz") as tar:
            for member in tar:
                name = _checked(member)
                source = tar.extractfile(member)
                if content is not None or name in found or source is None:
                    raise BrokenBackupError(f"{path.name} has {name!r} twice, or something behind its end")
                if name == MANIFEST:
                    content = source.read(_LONGEST_MANIFEST)
                else:
                    found[name] = _write(source, folder / name)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk is full, or the file is not there: not the backup's fault
        raise BrokenBackupError(f"{path.name} cannot be read: {error}", hint="Was it copied whole?") from error
    return _manifest(path, content, found)


def _manifest(path: Path, content: bytes | None, found: dict[str, str]) -> Manifest:
    if content is None:
        raise BrokenBackupError(f"{path.name} ends without {MANIFEST}", hint="Was it copied whole?")
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise BrokenBackupError(f"{MANIFEST} cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise BrokenBackupError(f"the backup has format {manifest.format}, this version reads {FORMAT}")
    if wrong := [name for name in {*found, *manifest.files} if found.get(name) != manifest.files.get(name)]:
        raise BrokenBackupError(
            f"{len(wrong)} files are missing, too much, or not what they were: {', '.join(sorted(wrong)[:5])}"
        )
    return manifest


def _checked(member: tarfile.TarInfo) -> str:
    """Its name, if it is one of a backup's own and stays below the folder."""
    parts = member.name.split("/")
    confined = (
        all(part not in {"", ".", ".."} for part in parts) and "\\" not in member.name and "\0" not in member.name
    )
    if not (member.isreg() and confined and (member.name in _KNOWN or member.name.startswith(_FOLDERS))):
        raise BrokenBackupError(f"{member.name!r} does not belong into a backup: it has plain files of its own only")
    return member.name


def _write(source: IO[bytes], target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    hashing = _Hashing(source)
    with target.open("xb") as out:
        while chunk := hashing.read(CHUNK):
            out.write(chunk)
    target.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return hashing.digest


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


class _Hashing:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._hash = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._hash.update(data)
        return data

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
