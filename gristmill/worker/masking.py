"""Messages of a kernel, with the values of secrets masked before anybody reads, shows or keeps them."""

from collections.abc import Iterator, Mapping
from typing import Any

from gristmill.secrets.masking import Mask, StreamMask

Message = dict[str, Any]

# Before these the reader is shown what the streams hold back, so that the order stays as it was.
_BREAKS = {"display_data", "update_display_data", "execute_result", "error", "clear_output"}


class MessageMask:
    """Masks what one kernel sends, in order. A value may be split over any number of a stream's messages."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._streams: dict[str, StreamMask] = {}

    def take(self, message: Message) -> Iterator[Message]:
        """What may be read in this message's place: none, it, or it behind what was held back."""
        if not self._mask:
            yield message
            return
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            stream = self._streams.setdefault(content["name"], StreamMask(self._mask))
            if shown := stream.feed(content["text"]):
                yield {**message, "content": {**content, "text": shown}}
            return
        if kind in _BREAKS or _is_end(kind, content):
            for name, text in self.release():
                yield {**message, "msg_type": "stream", "content": {"name": name, "text": text}}
        yield {**message, "content": self._mask.json(content)}

    def release(self) -> Iterator[tuple[str, str]]:
        """What the streams held back: nothing more comes."""
        for name, stream in self._streams.items():
            if text := stream.release():
                yield name, text

    def reply(self, message: Message | None) -> Message | None:
        """The answer to a request, which may hold an error."""
        if message is None or not self._mask:
            return message
        return {**message, "content": self._mask.json(message["content"])}


def _is_end(kind: str, content: Mapping[str, Any]) -> bool:
    return kind == "status" and content["execution_state"] == "idle"
