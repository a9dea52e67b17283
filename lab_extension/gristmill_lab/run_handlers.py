"""HTTP of what is done with one run in Lab beside asking the control plane: downloads, previews, copies, its kernel."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from gristmill.client import api
from gristmill.core.errors import GristmillError, InvalidInputError, TooLargeError
from gristmill.runs.model import Output, RunDetail
from gristmill_lab.archive import archive
from gristmill_lab.copying import CopyOrder, chosen, copy
from gristmill_lab.exported import as_copy, as_html
from gristmill_lab.handlers import PREFIX, Handler
from gristmill_lab.places import on_disk
from gristmill_lab.preview import parquet_table, text_table

_BEGINNING = 512 * 2**10  # bytes of a text that are enough for its first rows
_LARGEST_PARQUET = 2 * 2**30
_MOST_RUNS = 50


class RunHandler(Handler):
    """What they share: the run, and its outputs as they come."""

    async def detail(self, run: str) -> RunDetail:
        return await self.shared.control_plane.send(api.get_run(run))

    def reading(self, run: str, name: str) -> AsyncIterator[bytes]:
        return self.shared.control_plane.read(api.get_output(run, name))

    def as_download(self, name: str, kind: str) -> None:
        """What a run made is saved, and never a page of this server."""
        self._kind = kind
        self.set_header("Content-Type", kind)
        self.set_header("Content-Disposition", f"attachment; filename*=utf-8''{quote(name, safe='')}")
        self.set_header("X-Content-Type-Options", "nosniff")

    async def send_chunks(self, what: str, chunks: AsyncIterator[bytes]) -> None:
        """A download that breaks half way does not look whole."""
        begun = False
        try:
            async for chunk in chunks:
                if chunk:
                    self.write(chunk)
                    await self.flush()
                    begun = True
        except GristmillError as error:
            if not begun:
                raise
            self.log.warning("the download of %s broke: %s", what, error.message)
            self.detach().close()
            return
        await self.finish(set_content_type=self._kind)


class ArchiveHandler(RunHandler):
    """All outputs of a run as one ZIP archive."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        found = await self.detail(run)
        if not found.outputs:
            raise InvalidInputError(f"run {found.run.name} has no outputs to put into an archive")
        self.as_download(f"{found.run.name}.zip", "application/zip")
        names = [one.name for one in found.outputs]
        await self.send_chunks(f"{run}.zip", archive(names, lambda name: self.reading(found.run.id, name)))


class NotebookFileHandler(RunHandler):
    """The executed notebook as a file: `ipynb`, or `html` with its code or (`?code=0`) without."""

    @authenticated
    @authorized
    async def get(self, run: str, kind: str) -> None:
        found = (await self.detail(run)).run
        notebook = await self.shared.control_plane.send(api.executed_notebook(run))
        if kind == "ipynb":
            self.as_download(f"{found.name}.ipynb", "application/x-ipynb+json")
            await self.finish(notebook, set_content_type=self._kind)
            return
        code = self.get_query_argument("code", "1") != "0"
        page = await asyncio.to_thread(as_html, notebook, title=found.name, code=code)
        self.as_download(f"{found.name}.html", "text/html; charset=utf-8")
        await self.finish(page, set_content_type=self._kind)


class CopyOfNotebookHandler(RunHandler):
    """The executed notebook as one to work in; where its source is, as Jupyter calls it, is in its metadata."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        found = (await self.detail(run)).run
        notebook = await self.shared.control_plane.send(api.executed_notebook(run))
        source = self.get_query_argument("source", None)
        cell = found.fault.cell if found.fault else None
        self.answer(as_copy(notebook, run=found.id, number=found.number, cell=cell, source=source))


class PreviewHandler(RunHandler):
    """The first rows of an output that is a table."""

    @authenticated
    @authorized
    async def get(self, run: str, name: str) -> None:
        (output,) = chosen((await self.detail(run)).outputs, [name])
        if name.lower().endswith(".parquet"):
            self.answer(await self._parquet(run, output))
            return
        beginning, whole = await self._beginning(run, name)
        delimiter = "\t" if name.lower().endswith(".tsv") else None
        self.answer(await asyncio.to_thread(text_table, beginning, whole=whole, delimiter=delimiter))

    async def _parquet(self, run: str, output: Output) -> object:
        """Its index is at its end: the whole file is needed, for a moment."""
        if output.size > _LARGEST_PARQUET:
            raise TooLargeError(f"{output.name} is too large to be looked into here", hint="Download it instead.")
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            async for chunk in self.reading(run, output.name):
                await asyncio.to_thread(file.write, chunk)
            file.flush()
            return await asyncio.to_thread(parquet_table, Path(file.name))

    async def _beginning(self, run: str, name: str) -> tuple[bytes, bool]:
        found = bytearray()
        async for chunk in self.reading(run, name):
            found += chunk
            if len(found) > _BEGINNING:
                return bytes(found[:_BEGINNING]), False
        return bytes(found), True


class CopyHandler(RunHandler):
    """Outputs into a folder of this server."""

    @authenticated
    @authorized
    async def post(self, run: str) -> None:
        order = self.body_as(CopyOrder)
        found = await self.detail(run)
        outputs = chosen(found.outputs, order.names)
        self.answer(await copy(self.contents_manager, outputs, order, lambda name: self.reading(found.run.id, name)))


class KernelHandler(RunHandler):
    """The kept kernel of a failed run, among the kernels of this server from now on."""

    @authenticated
    @authorized
    async def post(self, run: str) -> None:
        self.answer(await self.shared.kept.attach(self.kernel_manager, run))


class RunsOfHandler(Handler):
    """The runs of a notebook of this server, newest first."""

    @authenticated
    @authorized
    async def get(self) -> None:
        notebook = on_disk(self.contents_manager, self.get_query_argument("path"))
        try:
            limit = int(self.get_query_argument("limit", "20"))
        except ValueError as error:
            raise InvalidInputError("limit is not valid: expected a whole number") from error
        self.answer(await self.shared.runs_of.find(notebook, max(1, min(limit, _MOST_RUNS))))


def run_routes() -> list[tuple[str, type[Handler]]]:
    """As `handlers.routes`, of runs."""
    run = rf"/{PREFIX}/runs/([^/]+)"
    return [
        (rf"{run}/outputs\.zip", ArchiveHandler),
        (rf"{run}/notebook\.(ipynb|html)", NotebookFileHandler),
        (rf"{run}/copy-of-notebook", CopyOfNotebookHandler),
        (rf"{run}/preview/(.+)", PreviewHandler),
        (rf"{run}/copy", CopyHandler),
        (rf"{run}/kernel", KernelHandler),
        (rf"/{PREFIX}/runs-of", RunsOfHandler),
    ]
