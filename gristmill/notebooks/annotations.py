"""What an annotation says of a parameter, read from its syntax tree: nothing is imported or evaluated."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gristmill.notebooks.literals import NotLiteralError, literal
from gristmill.notebooks.model import ParameterType
from gristmill.notebooks.plain import NotPlainError, plain

MAX_DEPTH = 20

_NAMES = {
    "int": ParameterType.INT,
    "float": ParameterType.FLOAT,
    "bool": ParameterType.BOOL,
    "str": ParameterType.STR,
    "date": ParameterType.DATE,
    "datetime": ParameterType.DATETIME,
    **dict.fromkeys(("list", "List", "tuple", "Tuple", "Sequence", "Iterable"), ParameterType.LIST),
    **dict.fromkeys(("dict", "Dict", "Mapping"), ParameterType.DICT),
}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What is declared of a parameter; `any` where the annotation is none that we know."""

    type: ParameterType = ParameterType.ANY
    nullable: bool = False
    items: ParameterType | None = None
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    help: str | None = None


UNKNOWN = Declared()


def read_annotation(node: ast.expr, depth: int = 0) -> Declared:
    """What the annotation `node` declares, unions, strings and `Annotated` included."""
    if depth > MAX_DEPTH:
        return UNKNOWN
    match node:
        case ast.Name() | ast.Attribute():
            return Declared(type=_NAMES.get(_last(node), ParameterType.ANY))
        case ast.Constant(value=None):
            return Declared(nullable=True)
        case ast.Constant(value=str() as text):
            return read_text(text, depth + 1)
        case ast.BinOp(op=ast.BitOr()):
            return _union(_members(node), depth)
        case ast.Subscript(value=generic, slice=argument):
            return _generic(_last(generic), argument, depth)
    return UNKNOWN


def read_text(text: str, depth: int = 0) -> Declared:
    """The same for an annotation in quotes or in a `# type:` comment."""
    try:
        return read_annotation(ast.parse(text[:500].strip(), mode="eval").body, depth)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return UNKNOWN


def _generic(name: str, argument: ast.expr, depth: int) -> Declared:
    arguments = argument.elts if isinstance(argument, ast.Tuple) else [argument]
    if name == "Optional":
        return replace(read_annotation(argument, depth + 1), nullable=True)
    if name == "Union":
        return _union(arguments, depth)
    if name == "Literal":
        return _literal(arguments)
    if name == "Annotated":
        return _annotated(arguments, depth)
    if name == "Final":
        return read_annotation(argument, depth + 1)
    kind = _NAMES.get(name, ParameterType.ANY)
    return _list(arguments, depth) if kind is ParameterType.LIST else Declared(type=kind)


def _members(node: ast.expr) -> list[ast.expr]:
    """The members of `a | b | c`, without recursion: such chains are as long as the author likes."""
    members: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        members.append(node.right)
        node = node.left
    return [node, *reversed(members)]


def _union(members: list[ast.expr], depth: int) -> Declared:
    read = [read_annotation(member, depth + 1) for member in members]
    nullable = any(one.nullable for one in read)
    some = [one for one, member in zip(read, members, strict=True) if not _is_none(member)]
    kinds = {one.type for one in some}
    if len(some) == 1:
        return replace(some[0], nullable=nullable)
    if kinds == {ParameterType.INT, ParameterType.FLOAT}:
        return Declared(type=ParameterType.FLOAT, nullable=nullable)
    return Declared(nullable=nullable)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _literal(arguments: list[ast.expr]) -> Declared:
    try:
        values = [literal(argument) for argument in arguments]
        plain(values)
    except (NotLiteralError, NotPlainError):  # a lone surrogate among them: nothing for JSON
        return UNKNOWN
    choices = tuple(value for value in values if isinstance(value, str | int))
    return Declared(type=ParameterType.LITERAL, choices=choices, nullable=None in values) if choices else UNKNOWN


def _list(arguments: list[ast.expr], depth: int) -> Declared:
    """`list[T]`, `tuple[T, ...]` and `tuple[T, T]`: a list whose items are all of one known type."""
    some = [one for one in arguments if not (isinstance(one, ast.Constant) and one.value is ...)]
    items = [read_annotation(one, depth + 1) for one in some]
    if len(set(items)) != 1 or items[0].nullable or items[0].type in {ParameterType.ANY, ParameterType.LIST}:
        return Declared(type=ParameterType.LIST)
    return Declared(type=ParameterType.LIST, items=items[0].type, choices=items[0].choices)


def _annotated(arguments: list[ast.expr], depth: int) -> Declared:
    declared = read_annotation(arguments[0], depth + 1)
    for constraint in arguments[1:]:
        declared = _constrained(declared, constraint)
    return declared


def _constrained(declared: Declared, node: ast.expr) -> Declared:
    """With `Ge(0)`, `Interval(ge=0, lt=1)`, `Field(ge=0, description="…")`, `range(1, 10)` or `"help"`, by name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return replace(declared, help=node.value)
    if not isinstance(node, ast.Call):
        return declared
    name = _last(node.func).lower()
    given = {word.arg: word.value for word in node.keywords if word.arg}
    if name == "range":
        given |= zip(("ge", "lt") if len(node.args) > 1 else ("lt",), node.args, strict=False)
    elif node.args:
        given.setdefault(name, node.args[0])
    for word, value in given.items():
        declared = _APPLY[word](declared, value) if word in _APPLY else declared
    return declared


def _bound(field: str, *, exclusive: bool) -> Callable[[Declared, ast.expr], Declared]:
    def apply(declared: Declared, node: ast.expr) -> Declared:
        number = _constant(node)
        if isinstance(number, bool) or not isinstance(number, int | float):
            return declared
        bound: dict[str, Any] = {field: number, f"exclusive_{field}": exclusive}
        return replace(declared, **bound)

    return apply


def _described(declared: Declared, node: ast.expr) -> Declared:
    text = _constant(node)
    return replace(declared, help=text) if isinstance(text, str) else declared


_APPLY = {
    "ge": _bound("minimum", exclusive=False),
    "gt": _bound("minimum", exclusive=True),
    "le": _bound("maximum", exclusive=False),
    "lt": _bound("maximum", exclusive=True),
    "description": _described,
    "doc": _described,
}


def _constant(node: ast.expr) -> Any:
    try:
        return literal(node)
    except NotLiteralError:
        return None


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
