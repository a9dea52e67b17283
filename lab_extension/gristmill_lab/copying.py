"""What a run made is put into the person's folder, by way of Jupyter's contents; nothing is overwritten unasked."""

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager, LargeFileManager
from jupyter_server.services.contents.manager import ContentsManager
from jupyter_server.utils import ensure_async

from gristmill.core.errors import Fault, InvalidInputError, TooLargeError
from gristmill.runs.model import Output

CHUNK = 4 * 2**20
LARGEST = 64 * 2**20  # bytes of a file for contents managers that take it in one piece only


@dataclass(frozen=True, kw_only=True)
class CopyOrder:
    """`names` of a run's outputs (none: all) that go below `folder`. `overwrite`: the person has said so."""

    folder: str = ""
    names: tuple[str, ...] = ()
    overwrite: bool = False


@dataclass(frozen=True, kw_only=True)
class Copied:
    """Where they are now, as Jupyter calls it. `existing` were there and are left as they were."""

    paths: tuple[str, ...] = ()
    existing: tuple[str, ...] = ()


def chosen(outputs: Sequence[Output], names: Sequence[str]) -> tuple[Output, ...]:
    """Raises InvalidInputError for a name that the run has not."""
    known = {one.name: one for one in outputs}
    if lacking := [name for name in names if name not in known]:
        faults = tuple(Fault(where="names", message="the run has no such output", got=name) for name in lacking)
        raise InvalidInputError(f"the run has no output {lacking[0]!r}", faults=faults)
    return tuple(known[name] for name in names) if names else tuple(outputs)


async def copy(
    contents: ContentsManager, outputs: Sequence[Output], order: CopyOrder, read: Callable[[str], AsyncIterator[bytes]]
) -> Copied:
    """Puts them there. Where one exists and nobody said that it may be overwritten, nothing is written at all."""
    folder = order.folder.strip("/")
    places = {one.name: f"{folder}/{one.name}" if folder else one.name for one in outputs}
    existing = tuple([place for place in places.values() if await ensure_async(contents.file_exists(place))])  # type: ignore[no-untyped-call]
    if existing and not order.overwrite:
        return Copied(existing=existing)
    for one in outputs:
        if one.size > LARGEST and not isinstance(contents, LargeFileManager | AsyncLargeFileManager):
            raise TooLargeError(
                f"{one.name} has {one.size / 1e6:.0f} MB: this server's contents take at most {LARGEST / 1e6:.0f} MB",
                hint="Download it instead.",
            )
    for one in outputs:
        await _make_folders(contents, places[one.name])
        await _write(contents, places[one.name], one, read(one.name))
    return Copied(paths=tuple(places.values()))


async def _make_folders(contents: ContentsManager, place: str) -> None:
    parts = place.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        folder = "/".join(parts[:depth])
        if not await ensure_async(contents.dir_exists(folder)):  # type: ignore[no-untyped-call]
            await ensure_async(contents.save({"type": "directory"}, folder))  # type: ignore[no-untyped-call]


async def _write(contents: ContentsManager, place: str, output: Output, chunks: AsyncIterator[bytes]) -> None:
    if output.size <= CHUNK or not isinstance(contents, LargeFileManager | AsyncLargeFileManager):
        content = b"".join([chunk async for chunk in chunks])
        await ensure_async(contents.save(_model(content), place))  # type: ignore[no-untyped-call]
        return
    number, waiting = 1, bytearray()
    async for chunk in chunks:
        waiting += chunk
        if len(waiting) >= CHUNK:
            await ensure_async(contents.save({**_model(bytes(waiting)), "chunk": number}, place))
            number, waiting = number + 1, bytearray()
    await ensure_async(contents.save({**_model(bytes(waiting)), "chunk": -1}, place))


def _model(content: bytes) -> dict[str, Any]:
    return {"type": "file", "format": "base64", "content": base64.b64encode(content).decode("ascii")}
