"""The content-addressed copy of a notebook and its code that a run executes."""

import hashlib
import json
import unicodedata
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from gristmill.core.errors import InvalidInputError, TooLargeError
from gristmill.core.wire import Strict
from gristmill.notebooks.model import ParameterSchema

MAX_FILES = 5_000
MAX_BYTES = 256 * 2**20
MAX_NOTEBOOK_BYTES = 64 * 2**20
# Of one path: it has to find room below a worker's own folder, on every platform, and in a column.
MAX_PATH_BYTES = 800
MAX_PATH_PARTS = 100


@dataclass(frozen=True, kw_only=True)
class SnapshotFile:
    """One file: `path` is relative to the project root, with `/`; `digest` is `sha256:<hex>`; `size` in bytes."""

    path: str
    digest: str
    size: int
    executable: bool = False


@dataclass(frozen=True, kw_only=True)
class GitFacts:
    """What the client says of the source's git state: claimed, not proved."""

    commit: str | None = None
    branch: str | None = None
    remote: str | None = None
    dirty: bool = False
    diff: str | None = None  # digest of a blob with the diff of the packed files


@dataclass(frozen=True, kw_only=True)
class SnapshotRequest(Strict):
    """POST /api/snapshots. `import_roots` are folders, relative to the root, that the modules were found under."""

    notebook: str
    files: tuple[SnapshotFile, ...]
    import_roots: tuple[str, ...] = ()
    git: GitFacts | None = None
    source: str | None = None  # where the client took it from, for people to read


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    id: str
    digest: str
    project_id: str
    notebook: str
    files: tuple[SnapshotFile, ...]
    import_roots: tuple[str, ...]
    schema: ParameterSchema
    secrets: tuple[str, ...] = ()  # those that the notebook asks for by name
    kernel: str | None  # the notebook's own kernelspec name
    created_by: str
    created_at: datetime
    git: GitFacts | None = None
    source: str | None = None


def check_path(path: str) -> str:
    """`path`, if it names a place below the snapshot's root on every platform.

    Raises:
        InvalidInputError: for absolute paths, `..`, empty parts, backslashes, control characters, surrogates, drive
            letters, and for what is too long or too deep.
    """
    try:
        length = len(path.encode())
    except UnicodeEncodeError as error:  # Python keeps what is none as lone surrogates
        raise InvalidInputError(f"snapshot path {path!r} is not UTF-8", hint="Rename it.") from error
    parts = path.split("/")
    if length > MAX_PATH_BYTES or len(parts) > MAX_PATH_PARTS:
        raise InvalidInputError(
            f"snapshot path {path[:80]!r}… has {length} bytes in {len(parts)} parts: "
            f"expected at most {MAX_PATH_BYTES} bytes and {MAX_PATH_PARTS} parts",
            hint="Shorten it, or leave it out: name it in .gristmillignore.",
        )
    bad = (
        not path
        or any(part in {"", ".", ".."} for part in parts)
        or "\\" in path
        or any(unicodedata.category(character) == "Cc" for character in path)
        or any(len(part.encode()) > 255 for part in parts)
        or (len(parts[0]) == 2 and parts[0][1] == ":")
    )
    if bad:
        raise InvalidInputError(
            f"snapshot path {path!r} is not allowed: expected a relative path below the project root, without '..'",
            hint="Keep what the notebook needs inside its project folder.",
        )
    return path


def check_request(request: SnapshotRequest) -> None:
    """Raises unless every path is confined and unique, no file is also a folder, and the caps hold."""
    if len(request.files) > MAX_FILES:
        raise TooLargeError(
            f"the snapshot has {len(request.files)} files, at most {MAX_FILES} are allowed",
            hint="Name what is not code in .gristmillignore.",
        )
    paths = {check_path(file.path) for file in request.files}
    if len(paths) != len(request.files):
        raise InvalidInputError("the snapshot names a path twice")
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    if both := paths & folders:
        raise InvalidInputError(f"the snapshot has {min(both)!r} as a file and as a folder")
    total = sum(file.size for file in request.files)
    if total > MAX_BYTES or any(file.size < 0 for file in request.files):
        raise TooLargeError(
            f"the snapshot holds {total} bytes, at most {MAX_BYTES} are allowed",
            hint="Name data in .gristmillignore; it does not belong in a snapshot.",
        )
    if request.notebook not in paths:
        raise InvalidInputError(f"the snapshot lacks its own notebook {request.notebook!r}")
    for root in request.import_roots:
        if root != ".":
            check_path(root)


def snapshot_digest(request: SnapshotRequest) -> str:
    """`sha256:<hex>` of what is executed: notebook, files and import roots; not of where it came from."""
    content: dict[str, Any] = {
        "notebook": request.notebook,
        "files": [asdict(file) for file in sorted(request.files, key=lambda file: file.path)],
        "import_roots": list(request.import_roots),
    }
    return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
