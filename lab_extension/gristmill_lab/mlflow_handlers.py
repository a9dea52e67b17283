"""MLflow's pages below Jupyter's base URL and behind its login: the control plane says what of them a person may use.

Bodies are streamed both ways. Jupyter's cookies and tokens stay here, the control plane's token too; what answers could
set in a browser does not reach it.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import cast
from urllib.parse import unquote

from jupyter_server.auth.decorator import authorized
from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError
from tornado.web import authenticated, stream_request_body

from gristmill.client import api
from gristmill.client.forwarded import Forwarded
from gristmill.client.mlflow_pages import FIRST, run_page
from gristmill.core.errors import InvalidInputError, UnavailableError
from gristmill_lab.handlers import PREFIX, Handler
from gristmill_lab.mlflow_page import SANDBOXED, STATIC, prepared, waiting

_LARGEST = 64 * 2**30  # bytes of an artifact, as the control plane has it
_CHUNKS = 4  # of a body that wait to be sent on
_TO_CONTROL_PLANE = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "Range",
    "X-Mlflow-Experiment-Id",
    "X-Mlflow-Run-Id",
)
_TO_BROWSER = (
    "Accept-Ranges",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Last-Modified",
    "Retry-After",
    "Vary",
    "X-Frame-Options",
)


class Body:
    """What a request brings, as it comes: it waits until it is taken, and for nobody who takes no more."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_CHUNKS)
        self._closed = False

    async def feed(self, chunk: bytes | None) -> None:
        """None: this was all."""
        if not self._closed:
            await self._queue.put(chunk)

    def close(self) -> None:
        self._closed = True
        while not self._queue.empty():
            self._queue.get_nowait()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._queue.get()) is not None:
            yield chunk


@stream_request_body
class MlflowHandler(Handler):
    """Whatever is below `/gristmill/mlflow`; only its first page is looked into."""

    _asking: asyncio.Task[Forwarded] | None = None

    async def prepare(self) -> None:  # type: ignore[override]  # as the server's own
        """Sends the request on while its body comes."""
        await super().prepare()
        await self._begin()  # type: ignore[misc]  # its decorators hide that it is a coroutine

    @authenticated
    @authorized
    async def _begin(self) -> None:
        cast("HTTP1Connection", self.request.connection).set_max_body_size(_LARGEST)
        url = _url(self.request.path.removeprefix(f"{self.base_url}{PREFIX}"), self.request.query)
        headers = {name: value for name in _TO_CONTROL_PLANE if (value := self.request.headers.get(name))}
        headers.setdefault("Accept-Encoding", "identity")
        self._body = Body()
        sends = self.request.method not in {"GET", "HEAD"}
        if self._is_first_page or not sends:
            headers = {name: value for name, value in headers.items() if not name.startswith("Content-")}
        if self._is_first_page:
            headers = {"Accept": headers.get("Accept", "*/*"), "Accept-Encoding": "identity"}
        asked = self.shared.control_plane.forward(
            self.request.method or "", url, headers, aiter(self._body) if sends else None
        )
        self._asking = asyncio.create_task(asked, name="gristmill mlflow")
        self._asking.add_done_callback(lambda _: self._body.close())

    async def data_received(self, chunk: bytes) -> None:
        if self._asking is not None:
            await self._body.feed(chunk)

    @property
    def _is_first_page(self) -> bool:
        return self.request.path == f"{self.base_url}{PREFIX}/mlflow/"

    @authenticated
    @authorized
    async def get(self) -> None:
        await self._answer()

    @authenticated
    @authorized
    async def head(self) -> None:
        await self._answer()

    @authenticated
    @authorized
    async def post(self) -> None:
        await self._answer()

    @authenticated
    @authorized
    async def put(self) -> None:
        await self._answer()

    @authenticated
    @authorized
    async def patch(self) -> None:
        await self._answer()

    @authenticated
    @authorized
    async def delete(self) -> None:
        await self._answer()

    async def _answer(self) -> None:
        await self._body.feed(None)
        answer = await cast("asyncio.Task[Forwarded]", self._asking)  # `prepare` has begun it, or refused
        try:
            if self._is_first_page and self.request.method == "GET":
                await self._first_page(answer)
            else:
                await self._pass_on(answer)
        except StreamClosedError:
            return
        finally:
            await answer.close()

    async def _first_page(self, answer: Forwarded) -> None:
        content = await answer.whole()
        kind = answer.headers.get("Content-Type", "")
        if answer.status == 503:
            content, kind = waiting("MLflow is starting …"), "text/html; charset=utf-8"
        elif answer.status == 200:
            content, policy = prepared(content)
            self.set_header("Content-Security-Policy", policy)
            self.set_header("X-Frame-Options", "SAMEORIGIN")
            _ = self.xsrf_token  # its cookie is set where a browser comes here first
        self.set_status(answer.status)
        self.set_header("Cache-Control", "no-cache")
        await self.finish(content, set_content_type=kind)

    async def _pass_on(self, answer: Forwarded) -> None:
        self.set_status(answer.status)
        for name in _TO_BROWSER:
            if (value := answer.headers.get(name)) is not None:
                self.set_header(name, value)
        is_static = self.request.path.startswith(f"{self.base_url}{PREFIX}/mlflow/static-files/")
        self.set_header("Content-Security-Policy", STATIC if is_static else SANDBOXED)
        kind = answer.headers.get("Content-Type", "application/octet-stream")
        self.set_header("Content-Type", kind)
        try:
            async for chunk in answer.chunks():
                self.write(chunk)
                await self.flush()
        except UnavailableError as error:
            self.log.warning("an answer of MLflow broke: %s", error.message)
            self.detach().close()  # else what lacks its end would look whole
            return
        await self.finish(set_content_type=kind)

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self._asking is not None:
            self._asking.cancel()


class MlflowRunHandler(Handler):
    """Leads on to the page that MLflow has of a run."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        found = (await self.shared.control_plane.send(api.get_run(run))).run
        async with self.shared.control_plane.lent() as client:
            page = await asyncio.to_thread(run_page, client, found)
        self.redirect(f"{self.base_url}{PREFIX}{page}")


class MlflowRootHandler(Handler):
    """Its pages name everything relative to where they are, which needs the slash."""

    @authenticated
    @authorized
    async def get(self) -> None:
        self.redirect(f"{self.base_url}{PREFIX}{FIRST}", permanent=True)


def _url(path: str, query: str) -> str:
    """The same of the control plane.

    Raises:
        InvalidInputError: a path that leads elsewhere.
    """
    parts = unquote(path).replace("\\", "/").split("/")
    if not path.startswith(FIRST) or {".", ".."} & set(parts):
        raise InvalidInputError(f"path {path[:200]!r} is not allowed: expected no '.' and no '..' in it")
    # Jupyter takes its own token from there too, which is nobody else's business.
    kept = [part for part in query.split("&") if part and part.partition("=")[0] not in {"token", "_xsrf"}]
    return f"{path}?{'&'.join(kept)}" if kept else path


def mlflow_routes() -> list[tuple[str, type[Handler]]]:
    """As `handlers.routes`, of MLflow's pages."""
    return [
        (rf"/{PREFIX}/mlflow", MlflowRootHandler),
        (rf"/{PREFIX}/mlflow/.*", MlflowHandler),
        (rf"/{PREFIX}/runs/([^/]+)/mlflow", MlflowRunHandler),
    ]
