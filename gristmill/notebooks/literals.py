"""The value that an expression plainly has, found without running it."""

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from gristmill.notebooks.model import ParameterType
from gristmill.notebooks.plain import NotPlainError, plain

MAX_BITS = 1024  # of an integer met on the way
MAX_DEPTH = 50

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}

# What a call answers, whatever it is given: the type of a parameter whose value only the notebook knows.
_CALLS = {
    "int": ParameterType.INT,
    "float": ParameterType.FLOAT,
    "bool": ParameterType.BOOL,
    "str": ParameterType.STR,
    "list": ParameterType.LIST,
    "dict": ParameterType.DICT,
    "date": ParameterType.DATE,
    "datetime": ParameterType.DATETIME,
    "date.today": ParameterType.DATE,
    "date.fromisoformat": ParameterType.DATE,
    "datetime.now": ParameterType.DATETIME,
    "datetime.utcnow": ParameterType.DATETIME,
    "datetime.fromisoformat": ParameterType.DATETIME,
}


class NotLiteralError(ValueError):
    """The expression's value is known to the running notebook alone."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """`json` is the value where it is `known`; `items` is the type that all items of a list share."""

    type: ParameterType
    json: Any = None
    known: bool = False
    items: ParameterType | None = None


def value_of(node: ast.expr) -> Value:
    """Type and value of an expression; a type without the value where only that much is plain; else any."""
    try:
        found = literal(node)
    except NotLiteralError:
        return Value(type=_CALLS.get(_dotted(node.func), ParameterType.ANY) if isinstance(node, ast.Call) else _ANY)
    kind, items = type_of(found), items_of(found)
    try:
        return Value(type=kind, json=plain(found), known=True, items=items)
    except NotPlainError:  # infinities, dictionaries keyed by numbers: fine in a notebook, nothing for JSON
        return Value(type=kind, items=items)


def literal(node: ast.expr, depth: int = 0) -> Any:
    """The Python value of constants, signs, arithmetic on numbers, lists, tuples, dictionaries and dates.

    Raises:
        NotLiteralError: for names, other calls and all else; nothing of the notebook's is ever executed.
    """
    if depth > MAX_DEPTH:
        raise NotLiteralError
    match node:
        case ast.Constant(value=None | bool() | int() | float() | str() as value):
            return value
        case ast.JoinedStr(values=parts) if all(isinstance(part, ast.Constant) for part in parts):
            return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [literal(item, depth + 1) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {_key(key, depth): literal(value, depth + 1) for key, value in zip(keys, values, strict=True)}
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
            return _SIGNS[type(op)](_number(operand, depth + 1))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _calculated(_number(left, depth + 1), op, _number(right, depth + 1))
        case ast.Call():
            return _date(node, depth)
    raise NotLiteralError


def type_of(value: Any) -> ParameterType:
    """The parameter type of a Python value; `any` for None."""
    return next((kind for python, kind in _TYPES if isinstance(value, python)), ParameterType.ANY)


def items_of(value: Any) -> ParameterType | None:
    """The type that all items of a list share; integers beside floats are floats."""
    if not isinstance(value, list) or not value:
        return None
    kinds = {type_of(item) for item in value}
    if kinds == {ParameterType.INT, ParameterType.FLOAT}:
        return ParameterType.FLOAT
    return kinds.pop() if len(kinds) == 1 and ParameterType.ANY not in kinds else None


_ANY = ParameterType.ANY
_TYPES: tuple[tuple[type, ParameterType], ...] = (
    (bool, ParameterType.BOOL),  # before int, which it is one of
    (int, ParameterType.INT),
    (float, ParameterType.FLOAT),
    (str, ParameterType.STR),
    (datetime, ParameterType.DATETIME),  # before date, which it is one of
    (date, ParameterType.DATE),
    (list, ParameterType.LIST),
    (dict, ParameterType.DICT),
)


def _number(node: ast.expr, depth: int) -> int | float:
    value = literal(node, depth)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotLiteralError
    return value


def _calculated(left: float, op: ast.operator, right: float) -> int | float:
    """Refuses before it calculates: `9**9**9` must not be tried."""
    if isinstance(left, int) and isinstance(right, int) and _bits(left, op, right) > MAX_BITS:
        raise NotLiteralError
    try:
        value = _ARITHMETIC[type(op)](left, right)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise NotLiteralError from error
    if not isinstance(value, int | float):  # a complex root
        raise NotLiteralError
    return value


def _bits(left: int, op: ast.operator, right: int) -> int:
    if isinstance(op, ast.Pow):
        return left.bit_length() * abs(right)
    if isinstance(op, ast.LShift):
        return left.bit_length() + abs(right)
    return left.bit_length() + right.bit_length()


def _key(key: ast.expr | None, depth: int) -> Any:
    value = literal(key, depth + 1) if key else None
    if not isinstance(value, str | int | float):
        raise NotLiteralError
    return value


def _date(node: ast.Call, depth: int) -> date:
    name = _dotted(node.func)
    arguments = [literal(argument, depth + 1) for argument in node.args]
    named = {word.arg: _zone_or_literal(word, depth) for word in node.keywords if word.arg}
    if name not in _DATES or len(named) < len(node.keywords):
        raise NotLiteralError
    try:
        return _DATES[name](*arguments, **named)
    except (TypeError, ValueError, OverflowError) as error:
        raise NotLiteralError from error


_DATES: dict[str, Callable[..., date]] = {
    "date": date,
    "datetime": datetime,
    "date.fromisoformat": date.fromisoformat,
    "datetime.fromisoformat": datetime.fromisoformat,
}


def _zone_or_literal(word: ast.keyword, depth: int) -> Any:
    if word.arg == "tzinfo" and _dotted(word.value).lower().endswith("utc"):
        return UTC
    return literal(word.value, depth + 1)


def _dotted(node: ast.expr) -> str:
    """`date.fromisoformat` of `datetime.date.fromisoformat` and `dt.date.fromisoformat`; empty for other things."""
    if isinstance(node, ast.Name):
        return node.id
    if not isinstance(node, ast.Attribute):
        return ""
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    return node.attr if node.attr in {"date", "datetime"} else f"{owner}.{node.attr}"
