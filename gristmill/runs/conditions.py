"""A query as SQL on `runs`: true or false for every run, never unknown, so that `not` means what it says."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import Tx
from gristmill.runs.findable import LONGEST_NAME, LONGEST_VALUE, parameters, texts, value_text
from gristmill.runs.query import And, Comparison, Field, Not, Or, Query, Text
from gristmill.runs.store import metrics, runs

Condition = sa.ColumnElement[bool]

SHORTEST = 3  # characters that trigrams can find
_COLUMNS: dict[str, sa.ColumnElement[Any]] = {
    "state": runs.c.state,
    "name": runs.c.name,
    "notebook": runs.c.notebook,
    "profile": runs.c.profile,
    "kernel": runs.c.kernel,
    "commit": runs.c.commit,
    "by": runs.c.created_by,
    "number": runs.c.number,
    "duration": runs.c.seconds,
    "created": runs.c.created_at,
    "started": runs.c.started_at,
    "ended": runs.c.ended_at,
}


def column(field: Field) -> sa.ColumnElement[Any]:
    """Of a field that is no metric and no parameter."""
    if field.name not in {"labels", "environment"}:
        return _COLUMNS[field.name]
    given = runs.c.labels[field.key] if field.name == "labels" else runs.c.environment["name"]
    found: sa.ColumnElement[Any] = given.as_string()
    return found


def condition(query: Query) -> Condition:
    match query:
        case And(parts):
            return sa.and_(*map(condition, parts))
        case Or(parts):
            return sa.or_(*map(condition, parts))
        case Not(part):
            return sa.not_(condition(part))
        case Text(text):
            return has_text(text)
        case Comparison(field, operator, values):
            if (rows := _rows(field, operator, values)) is not None:
                table, where = rows
                found = sa.select(sa.literal(1)).select_from(table).where(table.c.run_id == runs.c.id, where)
                return found.correlate(runs).exists()
            return _of_column(field, operator, values)


def has_text(text: str) -> Condition:
    """Whether name, notebook or labels have it: asked of the run itself."""
    return runs.c.text.contains(_sought(text), autoescape=True)


def parts(query: Query | None) -> tuple[Query, ...]:
    """What must hold, all of it."""
    if query is None:
        return ()
    return query.parts if isinstance(query, And) else (query,)


def ids(tx: Tx, project_id: str, part: Query) -> sa.Select[Any] | None:
    """Of the runs for which it may hold, where an index has them."""
    if isinstance(part, Text):
        return having(tx, part.text) if len(_sought(part.text)) >= SHORTEST else None
    if not isinstance(part, Comparison):
        return None
    if (rows := _rows(part.field, part.operator, part.values)) is not None:
        table, where = rows
        return sa.select(table.c.run_id).where(table.c.project_id == project_id, where)
    if part.field.name == "labels" and part.operator == "=":
        text = f"{part.field.key}={part.values[0]}"
        return having(tx, text) if len(text) >= SHORTEST else None
    return None


def is_exact(query: Query | None) -> bool:
    """Whether `ids` of it are those for which it holds, each once."""
    return isinstance(query, Comparison) and query.field.name in {"metrics", "params"}


def having(tx: Tx, text: str) -> sa.Select[Any]:
    """Ids of runs with this text, by trigrams where it is long enough."""
    return sa.select(texts.c.run_id).where(matches(tx, text))


def matches(tx: Tx, text: str) -> Condition:
    text = _sought(text)
    if tx.dialect.name == "sqlite" and len(text) >= SHORTEST:
        phrase = '"' + text.replace('"', '""') + '"'
        return texts.c.text.op("MATCH", is_comparison=True, return_type=sa.Boolean)(phrase)
    return texts.c.text.contains(text, autoescape=True)


def _sought(text: str) -> str:
    return text.lower().replace("\0", "")


def _rows(field: Field, operator: str, values: tuple[Any, ...]) -> tuple[sa.Table, Condition] | None:
    """The rows of another table that one of must be there."""
    key = (field.key or "")[:LONGEST_NAME]
    if field.name == "metrics":
        return metrics, sa.and_(metrics.c.name == key, _compared(metrics.c.value, operator, values))
    if field.name == "params":
        return parameters, sa.and_(parameters.c.name == key, _parameter(operator, values))
    return None


def _parameter(operator: str, values: tuple[Any, ...]) -> Condition:
    """Numbers are compared as numbers, all else as texts."""
    number, text = parameters.c.number, parameters.c.text
    if operator == "in":
        return sa.or_(*(_parameter("=", (value,)) for value in values))
    if type(values[0]) is float:
        if operator == "!=":
            return sa.or_(number.is_(None), number != values[0])
        return _compared(number, operator, values)
    return _compared(text, operator, (value_text(values[0]),) if operator in {"=", "!="} else values)


def _of_column(field: Field, operator: str, values: tuple[Any, ...]) -> Condition:
    which = column(field)
    if field.name == "commit" and operator in {"=", "!=", "in"}:
        begins = sa.or_(*(which.startswith(str(value).lower(), autoescape=True) for value in values))
        found = sa.not_(begins) if operator == "!=" else begins
    else:
        found = _compared(which, operator, values)
    if field.name == "labels" and operator == "=":
        return sa.and_(has_text(f"{field.key}={values[0]}"), which.is_not(None), found)  # few are taken apart
    return sa.and_(which.is_not(None), found)


def _compared(which: sa.ColumnElement[Any], operator: str, values: tuple[Any, ...]) -> Condition:
    value: str | float | datetime = values[0]
    match operator:
        case "=":
            return which == value
        case "!=":
            return which != value
        case "<":
            return which < value
        case "<=":
            return which <= value
        case ">":
            return which > value
        case ">=":
            return which >= value
        case "in":
            return which.in_(values)
        case "like":
            return which.ilike(str(value)[:LONGEST_VALUE])
        case _:
            return which.icontains(str(value)[:LONGEST_VALUE], autoescape=True)
