"""Inference parameters: the signature's `params`, checked and filled with defaults as MLflow does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gristmill.serving.columns import SCALARS, BadValueError, json_name
from gristmill.serving.errors import LoadError
from gristmill.serving.faults import FaultList, refuse, value_fault
from gristmill.serving.nested import ValueType, parse_type

# What JSON types a parameter takes: never text for a number, never a fraction for an integer, never 0 for false.
_KINDS: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "string": (str,),
}


@dataclass(frozen=True)
class Param:
    name: str
    kind: ValueType
    default: Any
    array: bool
    check: Callable[[Any], Any]

    def convert(self, value: Any) -> Any:
        if not self.array:
            return self.check(value)
        if not isinstance(value, list):
            raise BadValueError(value, f"an array of {self.kind.expected}")
        return [self.check(item) for item in value]


class ParamSchema:
    """`specs` are the signature's params, None where it has none: then params are ignored, as MLflow ignores them."""

    def __init__(self, specs: list[dict[str, Any]] | None) -> None:
        self.params = [_param(spec) for spec in specs or ()]

    def convert(self, params: Any) -> dict[str, Any] | None:
        """Every parameter of the schema, from `params` or by default; None where the schema has none.

        Raises:
            InvalidInputError: a value is not of its parameter's type; all such are named.
        """
        if not self.params:
            return None
        if params is not None and not isinstance(params, dict):
            raise refuse("params", f"expected an object, got {json_name(params)}")
        faults = FaultList()
        given = params or {}
        values = {param.name: _checked(param, given, faults) for param in self.params}
        faults.raise_if_any()
        return values


def _checked(param: Param, given: dict[str, Any], faults: FaultList) -> Any:
    if param.name not in given:
        return param.default
    try:
        return param.convert(given[param.name])
    except BadValueError as error:
        faults.add(value_fault(f"params.{param.name}", error))
        return None


def _param(spec: dict[str, Any]) -> Param:
    try:
        name, default = str(spec["name"]), spec["default"]
    except KeyError as error:
        raise LoadError(f"a parameter of the signature lacks {error}", hint="Log the model again.") from error
    type_name = spec.get("type") or spec.get("dtype")
    kind = parse_type({**spec, "type": type_name}, f"parameter {name!r}")
    shape = spec.get("shape")
    return Param(name, kind, default, shape is not None, _check(type_name, kind))


def _check(type_name: Any, kind: ValueType) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if value is None:
            return None
        if type_name == "datetime":
            return _moment(value)
        if type_name not in _KINDS:  # an object: checked, and given to the model as it came
            kind.convert(value)
            return value
        allowed = _KINDS[type_name]
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise BadValueError(value, kind.expected)
        return SCALARS[type_name].convert(value)

    return check


def _moment(value: Any) -> date:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise BadValueError(value, "an ISO 8601 date or time", str(error)) from error
        return moment.date() if len(value) == len("2026-01-31") else moment
    raise BadValueError(value, "an ISO 8601 date or time")
