"""A limit on request bodies, before anything reads them."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gristmill.core.errors import TooLargeError
from gristmill.core.http import problem_response

# These stream their bodies and keep limits of their own.
STREAMED = ("/api/blobs/sha256:", "/mlflow/")


class BodyLimit:
    """Answers 413 to a body above `limit` bytes, whatever length the caller announced; `streamed` paths begin so."""

    def __init__(self, app: ASGIApp, limit: int, streamed: tuple[str, ...] = STREAMED) -> None:
        self._app, self._limit, self._streamed = app, limit, streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self._streamed):
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._limit:
            await self._refuse(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise TooLargeError(f"the request body is larger than the {self._limit} bytes that are allowed")
            return message

        await self._app(scope, counted, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = TooLargeError(f"the request body is larger than the {self._limit} bytes that are allowed")
        await problem_response(error.problem(scope["path"]))(scope, receive, send)
