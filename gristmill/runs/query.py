"""The language in which runs are looked for: `metrics.auc > 0.9 and (params.depth = 6 or not state = failed)`.

    query      := or
    or         := and ("or" and)*
    and        := not ("and" not)*
    not        := "not" not | "(" or ")" | comparison | text
    comparison := field operator value | field ["not"] ("like" | "contains") value | field ["not"] "in" "(" values ")"
    field      := column | ("metrics" | "params" | "labels") "." name
    values     := value ("," value)*
    operator   := "=" | "!=" | "<" | "<=" | ">" | ">="

A text that stands alone is looked for in name, notebook and labels. Names and values with other characters stand in
quotes, single or double. Words of the language are of any case.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Never

from gristmill.core.errors import Fault, InvalidInputError
from gristmill.core.nearest import nearest
from gristmill.runs.model import RunState

LONGEST = 2_000  # characters
DEEPEST = 40  # parentheses and `not` within each other
MOST = 60  # comparisons

GROUPS = {
    "metrics": "metrics",
    "metric": "metrics",
    "params": "params",
    "parameters": "params",
    "param": "params",
    "labels": "labels",
    "label": "labels",
    "tags": "labels",
}
TEXTS = ("state", "name", "notebook", "profile", "kernel", "environment", "commit", "by")
NUMBERS = ("number", "duration")
TIMES = ("created", "started", "ended")
COLUMNS = (*TEXTS, *NUMBERS, *TIMES)
OF_TEXTS = ("=", "!=", "like", "contains", "in")
OF_NUMBERS = ("=", "!=", "<", "<=", ">", ">=", "in")
_WORDS = ("and", "or", "not", "in", "like", "contains")
_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<operator> == | != | <> | <= | >= | [=<>] )
      | (?P<mark> [(),] )
      | (?P<quoted> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
      | (?P<word> (?: \.(?:"[^"]*"|'[^']*') | [^\s()<>=!,"'] )+ )
    )""",
    re.VERBOSE,
)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|min|m|h|d)")

Value = str | float | bool


@dataclass(frozen=True)
class Field:
    """A column of runs, or with `key` one of its `metrics`, `params` or `labels`."""

    name: str
    key: str | None = None

    def __str__(self) -> str:
        return self.name if self.key is None else f"{self.name}.{self.key}"


@dataclass(frozen=True)
class Comparison:
    """`values` is one, or several with `in`. Seconds for durations, aware UTC for times."""

    field: Field
    operator: str
    values: tuple[Value | datetime, ...]


@dataclass(frozen=True)
class Text:
    """Found in name, notebook or labels."""

    text: str


@dataclass(frozen=True)
class Not:
    part: "Query"


@dataclass(frozen=True)
class And:
    parts: tuple["Query", ...]


@dataclass(frozen=True)
class Or:
    parts: tuple["Query", ...]


Query = Comparison | Text | Not | And | Or


class QueryError(InvalidInputError):
    """`position` is the character, from 0, that the message is about."""

    code = "query"
    title = "The query is not understood"

    def __init__(self, position: int, message: str, *, got: str | None = None, hint: str | None = None) -> None:
        self.position = position
        fault = Fault(where=f"query:{position}", message=message, got=got, hint=hint)
        super().__init__(f"at character {position + 1} of the query: {message}", hint=hint, faults=(fault,))


def parse(text: str) -> Query | None:
    """What is asked for; None where the text is blank.

    Raises:
        QueryError: says where it stops being understood, and what was expected there.
    """
    if len(text) > LONGEST:
        raise QueryError(LONGEST, f"it has {len(text)} characters, at most {LONGEST} are allowed")
    parser = _Parser(text)
    if parser.kind == "end":
        return None
    return parser.whole()


def parse_field(text: str) -> Field:
    """A field by itself, as one sorts by it.

    Raises:
        QueryError: there is no such field.
    """
    return _field(text, 0)


class _Parser:
    """One token ahead: `kind`, `word` and the `position` that it begins at."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._comparisons = 0
        self._end = 0
        self._next()

    def whole(self) -> Query:
        found = self._or(0)
        if self.kind != "end":
            hint = "Words that belong together stand in quotes." if self.kind in {"word", "quoted"} else None
            self._fail("and, or, or the end", hint=hint)
        return found

    def _next(self) -> None:
        rest = self._text[self._end :]
        blank = len(rest) - len(rest.lstrip())
        self.position = self._end + blank
        if blank == len(rest):
            self.kind, self.word, self._end = "end", "the end", len(self._text)
            return
        found = _TOKEN.match(self._text, self._end)
        if found is None:
            odd = self._text[self.position]
            said = "a quote is not closed" if odd in "\"'" else f"{odd!r} is not understood"
            raise QueryError(self.position, said, got=odd)
        self.kind, self._end = str(found.lastgroup), found.end()
        self.word = found[str(found.lastgroup)]

    def _is(self, word: str) -> bool:
        return self.kind == "word" and self.word.lower() == word

    def _took(self, word: str) -> bool:
        if self._is(word) or (self.kind == "mark" and self.word == word):
            self._next()
            return True
        return False

    def _or(self, depth: int) -> Query:
        parts = [self._and(depth)]
        while self._took("or"):
            parts.append(self._and(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self, depth: int) -> Query:
        parts = [self._not(depth)]
        while self._took("and"):
            parts.append(self._not(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self, depth: int) -> Query:
        if depth > DEEPEST:
            raise QueryError(self.position, f"it is nested deeper than {DEEPEST}")
        if self._took("not"):
            return Not(self._not(depth + 1))
        if self._took("("):
            found = self._or(depth + 1)
            if not self._took(")"):
                self._fail("and, or, or )")
            return found
        return self._comparison()

    def _comparison(self) -> Query:
        self._comparisons += 1
        if self._comparisons > MOST:
            raise QueryError(self.position, f"it has more than {MOST} comparisons")
        position, kind, word = self.position, self.kind, self.word
        if kind not in {"word", "quoted"} or word.lower() in _WORDS:
            self._fail("a field as metrics.auc or state, a text, not, or (")
        self._next()
        if kind == "quoted" or not self._operator_follows():
            return self._alone(kind, word)
        field = _field(word, position)
        negated = self._took("not")
        if negated and not any(self._is(word) for word in ("in", "like", "contains")):
            self._fail("in, like or contains after not")
        return self._compared(field, negated=negated)

    def _operator_follows(self) -> bool:
        return self.kind == "operator" or (
            self.kind == "word" and self.word.lower() in {"in", "like", "contains", "not"}
        )

    def _alone(self, kind: str, word: str) -> Query:
        if kind == "quoted":
            return Text(_unquoted(word))
        if word.lower() in COLUMNS or (word.partition(".")[0].lower() in GROUPS and "." in word):
            self._fail(f"an operator after {word}", hint=f"Put {word!r} in quotes to look for it as a text.")
        if self.kind == "word" and self.word.lower() not in _WORDS:
            message = f"expected and, or, an operator, or the end after {word!r}, got {self.word!r}"
            raise QueryError(self.position, message, got=self.word, hint="Words that belong together stand in quotes.")
        return Text(word)

    def _compared(self, field: Field, *, negated: bool) -> Query:
        position, operator = self.position, self.word.lower()
        operator = {"==": "=", "<>": "!="}.get(operator, operator)
        self._next()
        values = self._values(field) if operator == "in" else (self._value(field, operator),)
        _check(field, operator, values, position)
        found = Comparison(field, operator, values)
        return Not(found) if negated else found

    def _values(self, field: Field) -> tuple[Value | datetime, ...]:
        if not self._took("("):
            self._fail("( after in")
        values = [self._value(field, "in")]
        while self._took(","):
            values.append(self._value(field, "in"))
        if not self._took(")"):
            self._fail("a comma or )")
        return tuple(values)

    def _value(self, field: Field, operator: str) -> Value | datetime:
        position, kind, word = self.position, self.kind, self.word
        if kind not in {"word", "quoted"} or (kind == "word" and word.lower() in _WORDS):
            self._fail(f"a value after {operator}")
        self._next()
        if kind == "quoted":
            return _typed(field, operator, _unquoted(word), position, quoted=True)
        if field.name == "duration" and self.kind == "word" and self.word.lower() in _UNITS:
            word += self.word.lower()  # `2 min`
            self._next()
        return _typed(field, operator, word, position, quoted=False)

    def _fail(self, expected: str, *, hint: str | None = None) -> Never:
        got = self.word if self.kind == "end" else repr(self.word)
        raise QueryError(self.position, f"expected {expected}, got {got}", got=self.word, hint=hint)


def _field(word: str, position: int) -> Field:
    name, dot, key = word.partition(".")
    if dot and (group := GROUPS.get(name.lower())):
        key = _unquoted(key)
        if not key:
            raise QueryError(position, f"expected a name after {name}.", got=word)
        return Field(group, key)
    if not dot and word.lower() in COLUMNS:
        return Field(word.lower())
    near = nearest(word, COLUMNS) if not dot else nearest(name, GROUPS)
    meant = f"{near}.{key}" if near and dot else near
    hint = f"Did you mean {meant}? " if meant else ""
    hint += f"A metric is metrics.{key or word}, a parameter params.{key or word}."
    raise QueryError(position, f"there is no field {word!r}: expected one of {', '.join(COLUMNS)}", got=word, hint=hint)


def _unquoted(word: str) -> str:
    if len(word) >= 2 and word[0] in "\"'" and word[-1] == word[0]:
        return re.sub(r"\\(.)", r"\1", word[1:-1])
    return word


def _typed(field: Field, operator: str, word: str, position: int, *, quoted: bool) -> Value | datetime:
    """The value as the field has it."""
    if field.name in TIMES:
        return _time(word, position)
    if field.name == "duration":
        return _seconds(word, position)
    if field.name in {"metrics", "number"}:
        number = _number(word)
        if number is None:
            raise QueryError(position, f"{field} is a number, got {word!r}", got=word)
        return number
    if field.name == "state" and operator in {"=", "!=", "in"}:
        return _state(word, position)
    if field.name == "params" and not quoted and operator not in {"like", "contains"}:
        if word.lower() in {"true", "false"}:
            return word.lower() == "true"
        number = _number(word)
        return word if number is None else number
    return word


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None  # noqa: PLR0124  # not a number


def _seconds(word: str, position: int) -> float:
    if (number := _number(word)) is not None:
        return number
    if found := _DURATION.fullmatch(word.lower()):
        return float(found[1]) * _UNITS[found[2]]
    hint = "For example 90, 90s, 5m or 1.5h."
    raise QueryError(position, f"duration is in seconds or with a unit, got {word!r}", got=word, hint=hint)


def _time(word: str, position: int) -> datetime:
    try:
        found = datetime.fromisoformat(word)
    except ValueError:
        hint = "For example 2026-11-28 or 2026-11-28T09:30."
        raise QueryError(position, f"a time was expected, got {word!r}", got=word, hint=hint) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _state(word: str, position: int) -> str:
    known = [state.value for state in RunState]
    if word.lower() not in known:
        near = nearest(word, known)
        message = f"there is no state {word!r}: expected one of {', '.join(known)}"
        raise QueryError(position, message, got=word, hint=f"Did you mean {near}?" if near else None)
    return word.lower()


def _check(field: Field, operator: str, values: tuple[Value | datetime, ...], position: int) -> None:
    """Raises QueryError unless such a field can be compared so."""
    if field.name == "params":
        if operator in {"<", "<=", ">", ">="} and not all(type(value) is float for value in values):
            raise QueryError(position, f"{operator} compares numbers, got {values[0]!r}", got=operator)
        return
    texts = field.name in TEXTS or field.name == "labels"
    allowed = OF_TEXTS if texts else OF_NUMBERS
    if operator not in allowed:
        what = "a text" if texts else "a time" if field.name in TIMES else "a number"
        raise QueryError(
            position, f"{field} is {what}: expected one of {' '.join(allowed)}, got {operator}", got=operator
        )
