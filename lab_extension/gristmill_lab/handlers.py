"""HTTP under this server's base URL and login: each handler parses, asks, answers. No token goes to a browser."""

import asyncio
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from gristmill.client.call import Call
from gristmill.core.errors import GristmillError, InvalidInputError
from gristmill_lab.allowed import find_route
from gristmill_lab.calling import calls, calls_with_key, delete, predict
from gristmill_lab.control_plane import ControlPlane
from gristmill_lab.diffs import between
from gristmill_lab.example import copied, shipped
from gristmill_lab.fan import Fan, Listener
from gristmill_lab.kept import KeptKernels
from gristmill_lab.launch import RunOrder, launch
from gristmill_lab.places import in_contents, on_disk
from gristmill_lab.preflight import PreflightOrder, preflight, use_venv
from gristmill_lab.reading import read
from gristmill_lab.runs_of import RunsOf

T = TypeVar("T")

PREFIX = "gristmill"
SETTING = "gristmill_shared"
KEEP_ALIVE = 15.0  # seconds; a comment then tells proxies and browsers that the stream lives


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What all handlers of one server have in common."""

    control_plane: ControlPlane
    fan: Fan
    kept: KeptKernels
    runs_of: RunsOf


class Handler(ExtensionHandlerMixin, APIHandler):
    auth_resource = PREFIX

    @property
    def shared(self) -> Shared:
        found: Shared = self.settings[SETTING]
        return found

    def answer(self, value: Any, status: int = 200) -> None:
        self.set_status(status)
        self.finish(msgspec.json.encode(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A fault that is ours to tell is a problem (RFC 9457), as the control plane's own."""
        error = kwargs.get("exc_info", (None, None))[1]
        if not isinstance(error, GristmillError):
            super().write_error(status_code, **kwargs)
            return
        problem = error.problem(self.request.path)
        self.set_status(problem.status)
        self.finish(msgspec.json.encode(problem), set_content_type="application/problem+json")

    def log_exception(self, kind: Any, value: BaseException | None, traceback: Any) -> None:
        """What is refused on purpose is no fault of this server's."""
        if not isinstance(value, GristmillError):
            super().log_exception(kind, value, traceback)

    def body_as(self, kind: type[T]) -> T:
        """The request's body; raises InvalidInputError where it is another."""
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except msgspec.DecodeError as error:
            raise InvalidInputError(f"the request's body is not valid: {error}") from error


class ForwardHandler(Handler):
    """What the control plane answers, for the routes that are allowed."""

    @authenticated
    @authorized
    async def get(self) -> None:
        await self._forward()

    @authenticated
    @authorized
    async def post(self) -> None:
        await self._forward()

    @authenticated
    @authorized
    async def patch(self) -> None:
        await self._forward()

    @authenticated
    @authorized
    async def put(self) -> None:
        await self._forward()

    @authenticated
    @authorized
    async def delete(self) -> None:
        await self._forward()

    async def _forward(self) -> None:
        prefix = f"{self.base_url}{PREFIX}"
        path = self.request.path.removeprefix(prefix)
        route = find_route(self.request.method or "", path)
        call: Call[bytes] = Call(
            method=route.method,
            template=route.template,
            answer=bytes,
            path=path,
            query={name: self.get_query_arguments(name) for name in self.request.query_arguments},
            body=self.body_as(dict) if self.request.body else None,
        )
        if route.raw:
            await self._stream(call)
        else:
            self.finish(await self.shared.control_plane.send(call))

    async def _stream(self, call: Call[bytes]) -> None:
        """As a download: what a notebook wrote is no page of this server."""
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Disposition", "attachment")
        self.set_header("X-Content-Type-Options", "nosniff")
        begun = False
        try:
            async for chunk in self.shared.control_plane.read(call):
                self.write(chunk)
                await self.flush()
                begun = True
        except GristmillError as error:
            if not begun:
                raise
            self.log.warning("the download of %s broke: %s", call.path, error.message)
            self.detach().close()  # else a file that lacks its end would look whole
            return
        self.finish(set_content_type="application/octet-stream")


class NotebookHandler(Handler):
    """What a notebook's form is made of, from its JSON as the editor has it."""

    @authenticated
    @authorized
    async def post(self) -> None:
        self.answer(read(self.body_as(dict)))


class PlaceHandler(Handler):
    """Where the notebook of a snapshot's `source` is in this server's folder."""

    @authenticated
    @authorized
    async def get(self) -> None:
        self.answer(in_contents(self.contents_manager, self.get_query_argument("source")))


class DiffHandler(Handler):
    """How the notebooks of two runs differ, as they were run."""

    @authenticated
    @authorized
    async def get(self) -> None:
        first, second = self.get_query_argument("before"), self.get_query_argument("after")
        async with self.shared.control_plane.lent() as client:
            self.answer(await asyncio.to_thread(between, client, first, second))


class LaunchHandler(Handler):
    """A run of a notebook as it is on disk."""

    @authenticated
    @authorized
    async def post(self) -> None:
        order = self.body_as(RunOrder)
        notebook = on_disk(self.contents_manager, order.path)
        async with self.shared.control_plane.lent() as client:
            self.answer(await asyncio.to_thread(launch, client, notebook, order), 201)


class PreflightHandler(Handler):
    """What is known of a run before it is made, of a notebook as it is on disk."""

    @authenticated
    @authorized
    async def post(self) -> None:
        order = self.body_as(PreflightOrder)
        notebook = on_disk(self.contents_manager, order.path)
        async with self.shared.control_plane.lent() as client:
            self.answer(await asyncio.to_thread(preflight, client, notebook, order))


class VenvHandler(Handler):
    """The virtual environment that lies in a notebook's project becomes an environment of runs."""

    @authenticated
    @authorized
    async def post(self) -> None:
        notebook = on_disk(self.contents_manager, self.body_as(PreflightOrder).path)
        async with self.shared.control_plane.lent() as client:
            self.answer(await asyncio.to_thread(use_venv, client, notebook), 201)


class ExampleHandler(Handler):
    """The churn example in this server's folder, copied there if it is not yet."""

    @authenticated
    @authorized
    async def post(self) -> None:
        root = on_disk(self.contents_manager, "")
        self.answer(await asyncio.to_thread(copied, root, shipped()), 201)


class PredictHandler(Handler):
    """What an endpoint answers to the body, asked with this person's key, which stays on this server."""

    @authenticated
    @authorized
    async def post(self, name: str) -> None:
        async with self.shared.control_plane.lent() as client:
            self.answer(await asyncio.to_thread(predict, client, name, self.request.body))


class CallsHandler(Handler):
    """How an endpoint is called from elsewhere. Only who asks for it by POST gets the key in it."""

    @authenticated
    @authorized
    async def get(self, name: str) -> None:
        async with self.shared.control_plane.lent() as client:
            self.answer(await asyncio.to_thread(calls, client, name))

    @authenticated
    @authorized
    async def post(self, name: str) -> None:
        async with self.shared.control_plane.lent() as client:
            self.answer(await asyncio.to_thread(calls_with_key, client, name))


class DeletionHandler(Handler):
    """An endpoint is deleted, and this person's key for it forgotten."""

    @authenticated
    @authorized
    async def delete(self, name: str) -> None:
        async with self.shared.control_plane.lent() as client:
            self.answer(await asyncio.to_thread(delete, client, name))


class EventsHandler(Handler):
    """`text/event-stream` of `gristmill_lab.messages`: the state of the control plane, then events as they happen."""

    _track_activity = False  # a tab that is left open does not keep a server from being culled

    @authenticated
    @authorized
    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self._listener = Listener(KEEP_ALIVE)
        listening = self.shared.fan.listen(self._listener)
        try:
            async for message in listening:
                self.write(b": alive\n\n" if message is None else b"data: " + msgspec.json.encode(message) + b"\n\n")
                await self.flush()
        except StreamClosedError:
            return
        finally:
            await listening.aclose()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if (listener := getattr(self, "_listener", None)) is not None:
            listener.end()


def routes() -> list[tuple[str, type[Handler]]]:
    """Patterns below the server's base URL, which `ExtensionApp` puts before them."""
    return [
        (rf"/{PREFIX}/api/.+", ForwardHandler),
        (rf"/{PREFIX}/events", EventsHandler),
        (rf"/{PREFIX}/notebook", NotebookHandler),
        (rf"/{PREFIX}/place", PlaceHandler),
        (rf"/{PREFIX}/diff", DiffHandler),
        (rf"/{PREFIX}/launch", LaunchHandler),
        (rf"/{PREFIX}/preflight", PreflightHandler),
        (rf"/{PREFIX}/venv", VenvHandler),
        (rf"/{PREFIX}/example", ExampleHandler),
        (rf"/{PREFIX}/endpoints/([^/]+)", DeletionHandler),
        (rf"/{PREFIX}/endpoints/([^/]+)/predict", PredictHandler),
        (rf"/{PREFIX}/endpoints/([^/]+)/calls", CallsHandler),
    ]
