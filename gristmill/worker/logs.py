"""What cells print, as chunks: a blob each, at most one per stream every quarter of a second unless much comes."""

import re
from collections.abc import Callable
from typing import Any

FLUSH_SECONDS = 0.25
FLUSH_BYTES = 64 * 2**10
_TAIL = 200
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")


def strip_ansi(text: str) -> str:
    """`text` without terminal control sequences (ECMA-48: CSI, OSC, escapes of two or more characters)."""
    return _ANSI.sub("", text)


def tail_of(text: str) -> str | None:
    """The last line that holds something, as it would show: without control sequences, at most 200 characters."""
    for line in reversed(re.split(r"[\r\n]+", strip_ansi(text[-8 * _TAIL :]))):
        if shown := "".join(one for one in line.replace("\t", " ") if one.isprintable()).strip():
            return shown[:_TAIL]
    return None


class Logs:
    """Collects streams and emits `log` events' data with their content; `limit` bytes in all, then one cut mark.

    The emitter puts `digest` and `size` in.
    """

    def __init__(self, emit: Callable[[dict[str, Any], bytes], None], *, limit: int) -> None:
        self._emit = emit
        self._left = limit
        self._cut = False
        self._waiting: dict[str, list[bytes]] = {}
        self._size = 0
        self._cell: int | None = None

    def add(self, cell: int | None, stream: str, text: str) -> None:
        if self._cut or not text:
            return
        if cell != self._cell:
            self.flush()
            self._cell = cell
        # One character more than fits tells that there was more; a message may hold hundreds of megabytes.
        content = text[: max(0, self._left - self._size) + 1].encode(errors="replace")
        self._waiting.setdefault(stream, []).append(content)
        self._size += len(content)
        if self._size >= FLUSH_BYTES:
            self.flush()

    @property
    def waiting(self) -> bool:
        """Whether something was added since the last flush."""
        return bool(self._waiting)

    def flush(self) -> None:
        """Emits what waits, a chunk per stream, in the order in which the streams began."""
        waiting, self._waiting, self._size = self._waiting, {}, 0
        for stream, pieces in waiting.items():
            if not self._cut:
                self._emit_chunk(stream, b"".join(pieces))

    def _emit_chunk(self, stream: str, content: bytes) -> None:
        self._cut = len(content) > self._left
        kept = content[: self._left]
        self._left -= len(kept)
        text = kept.decode(errors="ignore")  # a character may be cut in the middle
        data = {"cell": self._cell, "stream": stream, "tail": tail_of(text), "cut": self._cut}
        self._emit(data, text.encode())
