"""What hides the values of secrets in text, streams, JSON and bytes: exact, and as they are usually written."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import product
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"

_SHORTEST_INSIDE = 8  # characters of base64 within other base64 below which a match would mostly be chance
_SHORTEST_LINE = 16  # characters of one line of several that is a secret by itself
_BASE64 = "[A-Za-z0-9+/_-]"


class Mask:
    """Finds the values, each given with the name of its secret.

    Found are: the value itself; as JSON, `repr`, HTML, URLs and hexadecimal digits write it; its base64, standard and
    URL-safe, also within the base64 of something longer; the long lines of a value of several lines. Not found: parts
    of a value, and what was made of it in another way.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._names = {needle: name for name, value in values.items() for needle in _needles(value)}
        # The longest first: of a value and its beginning the value is taken.
        self.needles = tuple(sorted(self._names, key=lambda needle: (-len(needle), needle)))
        patterns = {pattern for value in values.values() for pattern in _patterns(value)}
        self._pattern = re.compile("|".join(sorted(patterns, key=lambda one: (-len(one), one))) or r"(?!)")
        # Where one shows that holds another, the other shows too: those alone are looked for.
        self._shortest = tuple(
            one for one in self.needles if not any(other in one for other in self.needles if other != one)
        )
        self._encoded = tuple(needle.encode() for needle in self.needles)
        self._bytes = re.compile(b"|".join(map(re.escape, self._encoded)) or rb"(?!)")
        self.longest = max(map(len, self.needles), default=0)

    def __bool__(self) -> bool:
        return bool(self.needles)

    def __repr__(self) -> str:
        return f"Mask({', '.join(sorted(set(self._names.values())))})"

    def text(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._shows(text) else text

    def json(self, value: Any) -> Any:
        """`value` with every text in it masked, names of members too."""
        if not self.needles:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.json(key): self.json(one) for key, one in value.items()}
        return [self.json(one) for one in value] if isinstance(value, list | tuple) else value

    def content(self, data: bytes) -> bytes:
        """As many bytes as before: formats that count them stay what they were."""
        return self._bytes.sub(lambda found: b"*" * len(found[0]), data)

    def begun(self, text: str) -> int:
        """How many characters at the end of the text are the beginning of what would be found."""
        for length, needle in self._begun.get(text[-2:], ()):
            if text.endswith(needle[:length]):
                return length
        return int(text[-1:] in self._first)

    @cached_property
    def _begun(self) -> dict[str, list[tuple[int, str]]]:
        """The last two characters of each beginning → its length and the whole, the longest first."""
        found: dict[str, list[tuple[int, str]]] = {}
        for needle in self.needles:
            for length in range(2, len(needle)):
                found.setdefault(needle[length - 2 : length], []).append((length, needle))
        for ends in found.values():
            ends.sort(key=lambda end: -end[0])
        return found

    @cached_property
    def _first(self) -> frozenset[str]:
        return frozenset(needle[0] for needle in self.needles)

    def before(self, text: str, cut: int) -> int:
        """`cut`, or the beginning of the value that it would cut through."""
        if cut == len(text) or not self._shows(text[max(0, cut - 2 * self.longest) :]):
            return cut
        found = self._pattern.finditer(text, max(0, cut - 2 * self.longest))
        return next((match.start() for match in found if match.start() < cut < match.end()), cut)

    def _shows(self, text: str) -> bool:
        # Searching for each needle by itself is many times faster than for all of them in one expression.
        for needle in self._shortest:  # noqa: SIM110  # a generator for `any` costs as much as the search
            if needle in text:
                return True
        return False

    def holder(self, text: str) -> str | None:
        """The name of the secret that shows in the text."""
        return next((self._names[needle] for needle in self.needles if needle in text), None)

    def holder_in(self, chunks: Iterable[bytes]) -> str | None:
        """The name of the secret that shows in the content, also where it lies across two chunks."""
        search = self.search()
        return next((name for chunk in chunks if (name := search.feed(chunk)) is not None), None)

    def search(self) -> "ByteSearch":
        return ByteSearch(self._encoded, tuple(self._names[needle] for needle in self.needles))


class ByteSearch:
    """Looks through content that comes in chunks."""

    def __init__(self, needles: tuple[bytes, ...], names: tuple[str, ...]) -> None:
        self._needles, self._names = needles, names
        self._overlap = max(map(len, needles), default=1) - 1
        self._tail = b""

    def feed(self, chunk: bytes) -> str | None:
        """The name of a secret that shows in this chunk, or across its beginning."""
        data = self._tail + chunk
        self._tail = data[-self._overlap :] if self._overlap else b""
        return next((name for needle, name in zip(self._needles, self._names, strict=True) if needle in data), None)


class StreamMask:
    """Masks text that comes in pieces. What may be the beginning of a value is held back until more comes."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held = ""

    def feed(self, piece: str) -> str:
        """What may be shown now."""
        text = self._held + piece
        cut = self._mask.before(text, len(text) - self._mask.begun(text))
        self._held = text[cut:]
        return self._mask.text(text[:cut])

    def release(self) -> str:
        """What was held back: nothing more comes."""
        held, self._held = self._held, ""
        return self._mask.text(held)


def _needles(value: str) -> Iterator[str]:
    """Every text that shows the value."""
    yield from _written(value)
    for one in _base64(value):
        yield one.middle


def _patterns(value: str) -> Iterator[str]:
    yield from map(re.escape, _written(value))
    for one in _base64(value):
        yield one.pattern


def _written(value: str) -> set[str]:
    """The value, and its lines where it has several, as other texts hold them."""
    lines = {line.strip() for line in value.splitlines()}
    texts = {value, value.strip()} | {line for line in lines if len(line) >= _SHORTEST_LINE}
    forms = {form for text in texts for form in (text, *_quoted(text))}
    forms |= {quote(value, safe=""), quote(value), quote_plus(value)}
    forms |= {re.sub("%..", lambda found: found[0].lower(), form) for form in forms if "%" in form}
    digits = value.encode().hex()
    return forms | {digits, digits.upper()}


def _quoted(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        yield json.dumps(text, ensure_ascii=ascii_only)[1:-1]
    yield repr(text)[1:-1]
    yield repr(text.encode())[2:-1]
    yield html.escape(text)
    yield html.escape(text, quote=False)


class _Encoded:
    """The characters of base64 that are the value's alone, and whether its neighbours hold some of its bits."""

    def __init__(self, middle: str, *, before: bool, after: bool) -> None:
        self.middle = middle
        before_it = f"{_BASE64}?" if before else ""
        after_it = f"{_BASE64}?={{0,2}}" if after else ""
        self.pattern = before_it + re.escape(middle) + after_it


def _base64(value: str) -> Iterator[_Encoded]:
    """For each of the three places that a text can have within the groups of three bytes that base64 is made of."""
    data = value.encode()
    for encode, place in product((base64.b64encode, base64.urlsafe_b64encode), range(3)):
        text = encode(bytes(place) + data).decode()
        first, last = -(-8 * place // 6), 8 * (place + len(data)) // 6
        if last - first >= _SHORTEST_INSIDE:
            yield _Encoded(text[first:last], before=place > 0, after=8 * (place + len(data)) % 6 > 0)
        elif place == 0:
            yield _Encoded(text.rstrip("="), before=False, after=True)
    for line in base64.encodebytes(data).decode().splitlines():
        if len(line) >= _SHORTEST_LINE:
            yield _Encoded(line, before=False, after=False)
