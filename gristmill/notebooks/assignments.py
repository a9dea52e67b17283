"""The names that a cell assigns at its top level, each with its last value and the comments beside it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gristmill.notebooks.comments import comments_of
from gristmill.notebooks.python_source import Code


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """`value` is None where it is annotated only; not `certain` where a branch, a loop or `+=` may set another."""

    name: str
    value: ast.expr | None
    annotation: ast.expr | None
    line: int
    end_line: int
    certain: bool = True


@dataclass(frozen=True, kw_only=True)
class Commented:
    """An assignment with the comment behind it and the comment lines right above it."""

    assignment: Assignment
    behind: str | None
    above: str | None


def assignments(code: Code) -> list[Commented]:
    """One per name, in order of first appearance; the last assignment's value, the first annotation and comment."""
    found: dict[str, Commented] = {}
    behind, alone = comments_of(code.text)
    for one in _walk(code.tree.body):
        comments = Commented(
            assignment=one,
            behind=behind.get(one.end_line) or behind.get(one.line),
            above=_above(one.line, alone),
        )
        found[one.name] = _merge(found[one.name], comments) if one.name in found else comments
    return list(found.values())


def _merge(before: Commented, after: Commented) -> Commented:
    """What was said of a name first holds on; what it is worth is what it was given last."""
    return Commented(
        assignment=replace(
            before.assignment,
            value=after.assignment.value or before.assignment.value,
            annotation=before.assignment.annotation or after.assignment.annotation,
            certain=after.assignment.certain,
        ),
        behind=before.behind or after.behind,
        above=before.above or after.above,
    )


def _above(line: int, alone: dict[int, str]) -> str | None:
    lines = []
    while (line := line - 1) in alone:
        lines.append(alone[line])
    return " ".join(reversed(lines)) or None


def _walk(body: list[ast.stmt]) -> Iterator[Assignment]:
    for statement in body:
        end = statement.end_lineno or statement.lineno
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                yield Assignment(name=name, value=value, annotation=annotation, line=statement.lineno, end_line=end)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    for name, part in _pairs(target, value):
                        yield Assignment(name=name, value=part, annotation=None, line=statement.lineno, end_line=end)
            case ast.AugAssign(target=ast.Name(id=name)):
                yield Assignment(
                    name=name, value=None, annotation=None, line=statement.lineno, end_line=end, certain=False
                )
            case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While():
                yield from _uncertain(statement)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """`a, b = 1, 2` by pairs; each name with the whole value where it cannot be taken apart."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
        matching = len(parts) == len(target.elts) and not any(isinstance(one, ast.Starred) for one in target.elts)
        for index, one in enumerate(target.elts):
            if isinstance(one, ast.Name):
                yield one.id, parts[index] if matching else ast.Name(id=one.id)


def _uncertain(statement: ast.stmt) -> Iterator[Assignment]:
    """Names that a branch or a loop may set: their value is not to be read off."""
    bodies = [getattr(statement, part, []) for part in ("body", "orelse", "finalbody")]
    bodies += [handler.body for handler in getattr(statement, "handlers", [])]
    for body in bodies:
        for one in _walk(body):
            yield replace(one, value=None, certain=False)
