"""The runs that were made of a notebook of this disk, from wherever they were started."""

import asyncio
from pathlib import Path

from gristmill.client import api
from gristmill.client.pack.root import find_root
from gristmill.core.errors import NotFoundError
from gristmill.runs.model import Run
from gristmill_lab.control_plane import ControlPlane

LOOKED_AT = 100  # of the newest runs with this notebook's place in its project
_AT_ONCE = 8


class RunsOf:
    """Where a snapshot was taken from never changes: it is asked for once."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane
        self._sources: dict[str, str | None] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def find(self, notebook: Path, limit: int) -> tuple[Run, ...]:
        """Newest first. Two projects may have a notebook at the same place: only runs of this very file count."""
        try:
            file, place = await asyncio.to_thread(_as_packed, notebook)
        except OSError as error:
            raise NotFoundError(f"there is no notebook {notebook.name} any more") from error
        runs = await self._control_plane.send(api.list_runs(notebook=place, limit=LOOKED_AT))
        sources = dict(zip(wanted := list({run.snapshot for run in runs}), await self._all(wanted), strict=True))
        return tuple(run for run in runs if sources[run.snapshot] == str(file))[:limit]

    async def _all(self, snapshots: list[str]) -> list[str | None]:
        return await asyncio.gather(*(self._source(one) for one in snapshots))

    async def _source(self, snapshot: str) -> str | None:
        if snapshot not in self._sources:
            async with self._places:
                try:
                    found = (await self._control_plane.send(api.get_snapshot(snapshot))).source
                except NotFoundError:
                    return None  # deleted with its run, a moment ago
            if len(self._sources) > 10_000:
                self._sources.clear()
            self._sources[snapshot] = found
        return self._sources[snapshot]


def _as_packed(notebook: Path) -> tuple[Path, str]:
    """The file, and its place in its project, as a snapshot of it has them."""
    folder = notebook.absolute().parent.resolve(strict=True)
    file = folder / notebook.name
    return file, file.relative_to(find_root(folder).path).as_posix()
