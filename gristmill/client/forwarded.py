"""What is answered to somebody else's request that was sent on, whatever it is."""

from collections.abc import AsyncIterator, Callable, Mapping

import httpx

from gristmill.core.errors import UnavailableError


class Forwarded:
    """Its body is still to be read, as it was sent, and then to be closed."""

    def __init__(self, answer: httpx.Response, away: Callable[[httpx.HTTPError], UnavailableError]) -> None:
        self._answer, self._away = answer, away
        self.status = answer.status_code
        self.headers: Mapping[str, str] = answer.headers

    async def whole(self) -> bytes:
        """Raises UnavailableError where it breaks off; so does `chunks`."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.aiter_raw():
                yield chunk
        except httpx.HTTPError as error:
            raise self._away(error) from error

    async def close(self) -> None:
        await self._answer.aclose()
