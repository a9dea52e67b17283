"""What one cell streams, kept within bounds: the head, the tail, and a mark that says how much lies between."""

from collections import deque
from collections.abc import Iterator

from nbformat import NotebookNode
from nbformat.v4 import new_output

_PIECE = 4096  # a piece is cut from the front again and again: small ones keep that cheap
_OUTPUT_COST = 256  # what one more output counts for, so that alternating streams are bounded too


class _Text:
    """One stream output of the notebook, whose text is put together only when somebody will look."""

    def __init__(self, name: str) -> None:
        self.node: NotebookNode = new_output("stream", name=name, text="")
        self.pieces: deque[str] = deque()
        self.changed = False

    def add(self, text: str) -> None:
        self.pieces.extend(_pieces(text))
        self.changed = True

    def cut_front(self, excess: int) -> int:
        """Removes at most `excess` characters; how many it were."""
        self.changed = True
        first = self.pieces.popleft()
        if len(first) <= excess:
            return len(first)
        self.pieces.appendleft(first[excess:])
        return excess

    def write(self) -> None:
        if self.changed:
            self.node["text"] = "".join(self.pieces)
            self.changed = False


class CellStreams:
    """Adds streamed text to a cell's outputs: consecutive text of one stream is one output, the whole is bounded.

    `limit` counts characters of all streams of the cell together: one half for the head, one for the tail.
    """

    def __init__(self, outputs: list[NotebookNode], limit: int) -> None:
        self.outputs = outputs
        self._half = limit // 2
        self.reset()

    def reset(self) -> None:
        """The outputs were cleared."""
        self._head: list[_Text] = []
        self._tail: deque[_Text] = deque()
        self._head_left = self._half
        self._tail_size = 0
        self._cut = 0
        self._mark: NotebookNode | None = None

    def add(self, name: str, text: str) -> None:
        head = text[: self._head_left]
        if head:
            known = len(self._head)
            self._open(name, self._head).add(head)
            self._head_left = max(0, self._head_left - len(head) - _OUTPUT_COST * (len(self._head) - known))
        if rest := text[len(head) :]:
            self._add_to_tail(name, rest)

    def write(self) -> None:
        """Brings the outputs' texts up to date."""
        for text in (*self._head, *self._tail):
            text.write()
        if self._mark is not None:
            self._mark["text"] = f"\n… {self._cut:,} characters are left out here …\n" if self._cut else ""

    def _add_to_tail(self, name: str, text: str) -> None:
        if self._mark is None:
            self._mark = new_output("stream", name=name, text="")
            self.outputs.append(self._mark)
        if (gone := len(text) - self._half) > 0:  # one message may hold hundreds of megabytes
            self._cut += gone
            text = text[gone:]
        known = len(self._tail)
        self._open(name, self._tail).add(text)
        self._tail_size += len(text) + _OUTPUT_COST * (len(self._tail) - known)
        while (excess := self._tail_size - self._half) > 0:
            oldest = self._tail[0]
            gone = oldest.cut_front(excess)
            self._tail_size -= gone
            self._cut += gone
            if not oldest.pieces:
                self._tail.popleft()
                self._tail_size -= _OUTPUT_COST
                self._drop(oldest.node)

    def _open(self, name: str, texts: "list[_Text] | deque[_Text]") -> _Text:
        """The text that the outputs end with, if it is of this stream; else a new one at their end."""
        if texts and self.outputs and self.outputs[-1] is texts[-1].node and texts[-1].node["name"] == name:
            return texts[-1]
        text = _Text(name)
        texts.append(text)
        self.outputs.append(text.node)
        return text

    def _drop(self, node: NotebookNode) -> None:
        place = next((index for index, output in enumerate(self.outputs) if output is node), None)
        if place is not None:
            del self.outputs[place]


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]
