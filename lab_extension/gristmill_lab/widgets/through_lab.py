"""The kernel has no credentials of a person's: JupyterLab's page asks, by the login of who looks at it, and agrees.

The page is reached by a comm, which Lab's browser half answers (`src/plugins/panels.ts`). It looks at what panels look
at unasked, and shows what an action comes to before it is done. Where there are several pages the first one counts.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from comm import create_comm

from gristmill.client.call import Call
from gristmill.client.wire import read_answer, request_arguments
from gristmill.core.errors import GristmillError, Problem, UnavailableError, error_from_problem
from gristmill.endpoints.model import Endpoint
from gristmill_lab.calling import Answered
from gristmill_lab.launch import Launched, RunOrder
from gristmill_lab.messages import EventMessage, Message, ResetMessage, StateMessage
from gristmill_lab.widgets.asking import Asking

T = TypeVar("T")

TARGET = "gristmill.panels"
_PATIENCE = 30.0  # seconds for what needs nobody to agree
_GONE = "the page of JupyterLab that was asked is gone"


class ThroughLab(Asking):
    """Made in the loop that it is used in; `reached` is set once a page has answered, `closed` where none can.

    `folder` is that of the notebook that this kernel is of, absolute.
    """

    def __init__(self, folder: Path, open_comm: Callable[..., Any] = create_comm) -> None:
        self._folder = folder
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(1)
        self._waiting: dict[str, tuple[asyncio.Future[str], dict[str, Any]]] = {}
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._page: str | None = None
        self.reached = asyncio.Event()
        self.closed = asyncio.Event()
        self._comm = open_comm(target_name=TARGET, data={"protocol": 1})
        self._comm.on_msg(self._heard)
        self._comm.on_close(lambda _: self._soon(self._end))

    @property
    def through(self) -> str:
        return "What is done here is done by this page of JupyterLab, with your login."

    async def messages(self) -> AsyncIterator[Message]:
        while True:
            yield await self._messages.get()

    async def send(self, request: Call[T]) -> T:
        arguments = request_arguments(request)
        query = urlencode(arguments["params"], doseq=True)
        path = f"{request.path.removeprefix('/')}{f'?{query}' if query else ''}"
        return read_answer(request, 200, (await self._ask(request.method, path, request.body)).encode())

    async def launch(self, notebook: Path, order: RunOrder) -> Launched:
        """By its place as seen from the notebook that asks: where that is, the page knows."""
        place = Path(os.path.relpath(notebook, self._folder))  # noqa: ASYNC240  # both are absolute: nothing is read
        body = {**msgspec.to_builtins(order), "path": place.as_posix()}
        return msgspec.json.decode(await self._ask("POST", "launch", body), type=Launched)

    async def predict(self, endpoint: str, body: bytes) -> Answered:
        text = await self._ask("POST", f"endpoints/{quote(endpoint, safe='')}/predict", msgspec.json.decode(body))
        return msgspec.json.decode(text, type=Answered)

    async def delete_endpoint(self, endpoint: str) -> Endpoint:
        text = await self._ask("DELETE", f"endpoints/{quote(endpoint, safe='')}")
        return msgspec.json.decode(text, type=Endpoint)

    async def close(self) -> None:
        self._comm.close()

    async def _ask(self, method: str, path: str, body: Any = None) -> str:
        if self.closed.is_set():
            raise UnavailableError(_GONE, hint="Run the panel's cell again.")
        number = str(next(self._numbers))
        ask = {"type": "ask", "id": number, "method": method, "path": path}
        if body is not None:
            ask["body"] = msgspec.to_builtins(body)
        answer: asyncio.Future[str] = self._loop.create_future()
        self._waiting[number] = answer, ask
        self._comm.send(ask)
        try:
            async with asyncio.timeout(_PATIENCE if method == "GET" else None):
                return await answer
        except TimeoutError as error:
            raise UnavailableError(
                "no page of JupyterLab answered: this kernel has no credentials of its own",
                hint="Open the notebook in JupyterLab, or set GRISTMILL_URL and GRISTMILL_TOKEN for the kernel.",
            ) from error
        finally:
            del self._waiting[number]

    # What the page says, in whatever thread the kernel reads it ------------------------------------------------------

    def _heard(self, message: dict[str, Any]) -> None:
        self._soon(self._take, message["content"]["data"])

    def _soon(self, call: Callable[..., object], *arguments: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)

    def _take(self, said: dict[str, Any]) -> None:
        match said["type"]:
            case "hello":
                self._greet(said["page"])
            case "message":
                self._messages.put_nowait(_message(said["message"]))
            case "taken":
                self._comm.send({"type": "settled", "id": said["id"]})
            case "answer":
                self._settle(said["id"], said["text"])
            case "problem":
                self._settle(said["id"], error_from_problem(msgspec.convert(said["problem"], type=Problem)))

    def _greet(self, page: str) -> None:
        """Another page: what the last one was asked may never be answered. Only what changes nothing is asked again."""
        again = self._page is not None
        self._page = page
        self.reached.set()
        if not again:
            return
        for number, (_, ask) in list(self._waiting.items()):
            if ask["method"] == "GET":
                self._comm.send(ask)
            else:
                self._settle(number, UnavailableError(_GONE, hint="Look whether it was done before you try again."))
        self._messages.put_nowait(StateMessage(state="ready", since=datetime.now(UTC)))

    def _end(self) -> None:
        self.closed.set()
        for number in list(self._waiting):
            self._settle(number, UnavailableError(_GONE, hint="Look whether it was done before you try again."))

    def _settle(self, number: str, outcome: str | GristmillError) -> None:
        waiting = self._waiting.get(number)
        if waiting is None or waiting[0].done():
            return
        if isinstance(outcome, str):
            waiting[0].set_result(outcome)
        else:
            waiting[0].set_exception(outcome)


_MESSAGES: dict[str, type[Message]] = {"state": StateMessage, "event": EventMessage, "reset": ResetMessage}


def _message(said: dict[str, Any]) -> Message:
    found: Message = msgspec.convert(said, type=_MESSAGES[said["type"]])
    return found
