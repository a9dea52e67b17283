"""What a run's token may not tell MLflow: the values of the secrets that the run was given."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

from gristmill.core.errors import InvalidInputError
from gristmill.tracking.exchange import Target

_HINT = "Do not write it into what is kept; gristmill.secret(NAME) gives it again wherever it is needed."


class Search(Protocol):
    def feed(self, chunk: bytes) -> str | None:
        """The name of a secret that shows in the chunk, or across its beginning."""


class Mask(Protocol):
    """What hides the values of one attempt's secrets; false where it has none."""

    def __bool__(self) -> bool: ...

    def json(self, value: Any) -> Any: ...

    def content(self, data: bytes) -> bytes: ...

    def holder(self, text: str) -> str | None:
        """The name of the secret that shows in the text."""

    def search(self) -> Search: ...


class Masks(Protocol):
    """The mask of the attempt with this id."""

    def __call__(self, attempt: str, /) -> Mask: ...


def check_address(mask: Mask, target: Target) -> None:
    """Raises InvalidInputError where path or query hold a value: they name what is kept, and may be logged."""
    texts = (target.path, *(part for pair in target.query for part in pair))
    if name := next((found for text in texts if (found := mask.holder(text)) is not None), None):
        raise InvalidInputError(f"the request names something by the value of the secret {name}", hint=_HINT)


async def unrevealing(chunks: AsyncIterator[bytes], mask: Mask) -> AsyncIterator[bytes]:
    """The content of a file as it arrives. A file is not altered: it would not be what its reader takes it for.

    Raises:
        InvalidInputError: it holds a value.
    """
    search = mask.search()
    async for chunk in chunks:
        if name := search.feed(chunk):
            raise InvalidInputError(f"the file holds the value of the secret {name}: it is not kept", hint=_HINT)
        yield chunk
