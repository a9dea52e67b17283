# ruff: noqa: RUF001 - dashes and minus signs as people type them
"""What the comments of a parameters cell say: which comment belongs to which line, and the hints in it.

The syntax is documented in docs/parameters.md. A hint is taken only where it cannot be mistaken: a range or a list of
choices that the parameter's own default breaks is prose.
"""

import io
import math
import re
import tokenize
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

MAX_COMMENT = 500  # characters of one comment that are looked at

_NUMBER = r"[-+−]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_END = rf"(?:{_NUMBER}|[-+−]?(?:inf|∞))"
_INTERVAL = rf"(?P<open>[\[(])\s*(?P<low>{_END})\s*,\s*(?P<high>{_END})\s*(?P<close>[\])])"
_TO = r"(?:\s*(?:–|—|…|\.{2,3})\s*|\s+(?:-|to)\s+)"
_RANGE = rf"[\[(]?(?:from\s+)?(?P<first>{_NUMBER}){_TO}(?P<last>{_NUMBER})[\])]?"
_BETWEEN = rf"between\s+(?P<first>{_NUMBER})\s+and\s+(?P<last>{_NUMBER})"
_BOUND = rf"[\[(]?(?P<sign>>=|≥|>|<=|≤|<|at least|at most)\s*(?P<bound>{_NUMBER})[\])]?"
_CHOICES = re.compile(r"^(?P<rest>.*?)\(?\bone of:\s*(?P<choices>[^;]+?)\)?\.?(?:;\s*(?P<more>.*))?$", re.IGNORECASE)
_TYPE = re.compile(r"^type:\s*(?P<type>[\w.]+(?:\[[\w.,|\[\] ]*\])?(?:\s*\|\s*\w+)*)\s*[,;:]?\s*(?P<rest>.*)$")
_FOR_TOOLS = re.compile(r"(?:^|\s*#+\s*)(?:noqa|type:\s*ignore|pylint:|pyright:|mypy:|fmt:|isort:|@\w+|%%|\+\s).*$")


@cache  # compiling them takes longer than any command may wait for what it may never need
def _bounds() -> tuple[re.Pattern[str], ...]:
    hints = (_INTERVAL, _RANGE, _BETWEEN, _BOUND)
    at_the_end = [rf"^(?P<rest>.*?)(?:^|[,;:.]\s*|\s+(?=[\[(])){hint}\.?$" for hint in hints]
    at_the_start = [rf"^{hint}\s*[,;:–—]\s*(?P<rest>.*)$" for hint in hints]
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in (*at_the_end, *at_the_start))


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment's hints, and what is left of it as help."""

    help: str | None = None
    type: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    choices: tuple[str, ...] = ()


def read_comment(text: str) -> Comment:
    """The hints and the help in the words behind one or several `#`."""
    rest = _FOR_TOOLS.sub("", text[:MAX_COMMENT].strip())
    comment = Comment()
    if match := _TYPE.match(rest):
        comment, rest = replace(comment, type=match["type"]), match["rest"]
    if match := _CHOICES.match(rest):
        comment = replace(comment, choices=_split(match["choices"]))
        rest = " ".join(filter(None, (match["rest"].rstrip(" ,;:."), match["more"])))
    for _ in range(2):  # `>= 0, <= 1` are two
        comment, rest = _bounded(comment, rest)
    return replace(comment, help=_tidy(rest))


def plain_help(text: str) -> str | None:
    """The whole comment as help, for where its hints turn out to be prose."""
    return _tidy(_FOR_TOOLS.sub("", text[:MAX_COMMENT].strip()))


def _tidy(text: str) -> str | None:
    text = text.strip(" \t,;:–—-=*#(")
    return text if any(character.isalnum() for character in text) else None


def _split(text: str) -> tuple[str, ...]:
    parts = re.split(r"\s*(?:,|\||\bor\b)\s*", text.strip())
    return tuple(part.strip("'\"` ") for part in parts if part.strip("'\"` "))


def _bounded(comment: Comment, text: str) -> tuple[Comment, str]:
    for pattern in _bounds():
        if match := pattern.match(text):
            return _with_bounds(comment, match), match["rest"].strip(" ,;:")
    return comment, text


def _with_bounds(comment: Comment, match: re.Match[str]) -> Comment:
    found = match.groupdict()
    if found.get("low"):
        return replace(
            comment,
            minimum=_number(found["low"]),
            maximum=_number(found["high"]),
            exclusive_minimum=found["open"] == "(" and _number(found["low"]) is not None,
            exclusive_maximum=found["close"] == ")" and _number(found["high"]) is not None,
        )
    if found.get("first"):
        return replace(comment, minimum=_number(found["first"]), maximum=_number(found["last"]))
    number, sign = _number(found["bound"]), found["sign"].lower()
    if sign in {">", ">=", "≥", "at least"}:
        return replace(comment, minimum=number, exclusive_minimum=sign == ">")
    return replace(comment, maximum=number, exclusive_maximum=sign == "<")


def _number(text: str) -> float | None:
    """An int where it is written as one; None for an infinite end."""
    text = text.replace("−", "-").replace("_", "")
    if "∞" in text or "inf" in text.lower():
        return None
    try:
        return int(text)
    except ValueError:
        number = float(text)
        return number if math.isfinite(number) else None


def comments_of(source: str) -> tuple[dict[int, str], dict[int, str]]:
    """The comments by line, from 1, without their `#`: those behind code, and those with a line of their own."""
    behind: dict[int, str] = {}
    alone: dict[int, str] = {}
    lines: Callable[[], str] = io.StringIO(source).readline
    try:
        for token in tokenize.generate_tokens(lines):
            if token.type == tokenize.COMMENT:
                where = alone if not token.line[: token.start[1]].strip() else behind
                where[token.start[0]] = token.string.lstrip("#").strip()
    except (tokenize.TokenError, SyntaxError):  # unclosed brackets: what was read so far is right
        pass
    return behind, alone
