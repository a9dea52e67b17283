"""Where a path of Jupyter's is on this disk."""

from dataclasses import dataclass
from pathlib import Path

from jupyter_server.services.contents.fileio import FileManagerMixin
from jupyter_server.services.contents.manager import ContentsManager
from tornado.web import HTTPError

from gristmill.core.errors import NotFoundError, UnsupportedError


def on_disk(contents: ContentsManager, path: str) -> Path:
    """The file behind a path of the contents manager, which is confined to its root.

    Raises:
        NotFoundError: the path leaves the root.
        UnsupportedError: this server keeps its notebooks elsewhere than on its disk.
    """
    if not isinstance(contents, FileManagerMixin):
        raise UnsupportedError(
            f"{path} is not on this server's disk ({type(contents).__name__}), and cannot be packed from there",
            hint="Copy the notebook into a folder of this server and run it from there.",
        )
    try:
        return Path(_os_path(contents, path.strip("/")))
    except HTTPError as error:
        raise NotFoundError(f"there is no {path} in this server's folder") from error


@dataclass(frozen=True, kw_only=True)
class Place:
    """`path` is what the contents manager calls a file of this disk; None where it does not have it."""

    path: str | None = None


def in_contents(contents: ContentsManager, source: str) -> Place:
    """Where a run's notebook is, if it is still there and below the root."""
    root = Path(contents.root_dir)
    file = Path(source)
    if isinstance(contents, FileManagerMixin) and file.is_file():
        for top in (root, root.resolve()):
            if file.is_relative_to(top):
                return Place(path=file.relative_to(top).as_posix())
    return Place()


def _os_path(contents: FileManagerMixin, path: str) -> str:
    found: str = contents._get_os_path(path)  # type: ignore[no-untyped-call]  # noqa: SLF001  # its one way to a file
    return found
