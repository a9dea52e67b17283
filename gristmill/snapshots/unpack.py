"""A snapshot's files put into a folder, every byte checked and nothing written outside."""

import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from gristmill.core.errors import InvalidInputError, TooLargeError
from gristmill.snapshots.model import MAX_BYTES, MAX_FILES, SnapshotFile, check_path

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IN_THE_WAY = {errno.EEXIST, errno.ENOTDIR, errno.ELOOP, errno.EISDIR}
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack(files: Iterable[SnapshotFile], fetch: Callable[[str], Iterator[bytes]], target: Path) -> None:
    """Writes every file below `target`, which is made where it is not there; `fetch` streams a digest's bytes.

    A file either is there whole, with the size and the digest that the snapshot names, mode 0644 or 0755, or is not
    there. Nothing that exists is overwritten and no link below `target` is followed: each step down is opened from the
    folder above it.

    Raises:
        InvalidInputError: for paths that are not confined, that are there already, and for bytes that are not those
            of the digest.
        TooLargeError: for more than a snapshot may hold.
        OSError: where the disk does not take it.
    """
    files = tuple(files)
    _check(files)
    target.mkdir(parents=True, exist_ok=True)
    top = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for file in files:
            _unpack_one(file, fetch, top)
    finally:
        os.close(top)


def _check(files: tuple[SnapshotFile, ...]) -> None:
    if len(files) > MAX_FILES or sum(file.size for file in files) > MAX_BYTES:
        raise TooLargeError(f"the snapshot has more than {MAX_FILES} files or {MAX_BYTES} bytes")
    for file in files:
        check_path(file.path)
        if not _DIGEST.fullmatch(file.digest) or file.size < 0:
            raise InvalidInputError(
                f"{file.path}: expected a digest sha256:<64 hexadecimal digits> and a size, "
                f"got {file.digest!r} and {file.size}"
            )


def _unpack_one(file: SnapshotFile, fetch: Callable[[str], Iterator[bytes]], top: int) -> None:
    *folders, name = file.path.split("/")
    with ExitStack() as opened:
        parent = top
        try:
            for folder in folders:
                parent = _enter(folder, parent)
                opened.callback(os.close, parent)
            descriptor = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
        except OSError as error:
            if error.errno not in _IN_THE_WAY:
                raise
            raise InvalidInputError(
                f"{file.path} cannot be unpacked: something else is in its place ({error.strerror})",
                hint="Unpack into an empty folder.",
            ) from error
        try:
            with open(descriptor, "wb") as place:  # noqa: PTH123 - of a descriptor
                place.writelines(_verified(file, fetch(file.digest)))
                os.fchmod(descriptor, 0o755 if file.executable else 0o644)
        except BaseException:
            os.unlink(name, dir_fd=parent)
            raise


def _enter(folder: str, parent: int) -> int:
    """The descriptor of a folder right below `parent`, made where it is not there; never that of a link."""
    with suppress(FileExistsError):
        os.mkdir(folder, 0o755, dir_fd=parent)
    return os.open(folder, _FOLDER, dir_fd=parent)


def _verified(file: SnapshotFile, parts: Iterator[bytes]) -> Iterator[bytes]:
    """The parts as they come; raises as soon as they are too many, and at the end unless they are the digest's."""
    digest, size = hashlib.sha256(), 0
    for part in parts:
        size += len(part)
        if size > file.size:
            raise InvalidInputError(f"{file.path} has more than the {file.size} bytes that the snapshot names")
        digest.update(part)
        yield part
    if size != file.size or f"sha256:{digest.hexdigest()}" != file.digest:
        raise InvalidInputError(
            f"{file.path} came as {size} bytes, sha256:{digest.hexdigest()}; expected {file.size}, {file.digest}",
            hint="The stored blob is damaged: pack the notebook again.",
        )
