"""MLflow's nested column types: arrays, objects, maps, and anything.

https://mlflow.org/docs/latest/ml/model/signatures/
"""

from dataclasses import dataclass
from typing import Any, Protocol

from gristmill.serving.columns import SCALARS, BadValueError
from gristmill.serving.errors import LoadError


class ValueType(Protocol):
    """What one value of a column must be."""

    @property
    def expected(self) -> str: ...

    def convert(self, value: Any, /) -> Any:
        """The value as the model gets it. Raises BadValueError."""
        ...


@dataclass(frozen=True)
class AnyValue:
    expected: str = "anything"

    def convert(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Optional:
    """A value that may be null."""

    inner: ValueType

    @property
    def expected(self) -> str:
        return f"{self.inner.expected} or null"

    def convert(self, value: Any) -> Any:
        return None if value is None else _at("", self.inner, value)


@dataclass(frozen=True)
class Array:
    items: ValueType

    @property
    def expected(self) -> str:
        return f"an array of {self.items.expected}"

    def convert(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise BadValueError(value, self.expected)
        return [_at(f"[{index}]", self.items, item) for index, item in enumerate(value)]


@dataclass(frozen=True)
class Map:
    values: ValueType

    @property
    def expected(self) -> str:
        return f"an object whose values are {self.values.expected}"

    def convert(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise BadValueError(value, self.expected)
        return {key: _at(f".{key}", self.values, item) for key, item in value.items()}


@dataclass(frozen=True)
class Object:
    properties: dict[str, ValueType]
    required: frozenset[str]

    @property
    def expected(self) -> str:
        return "an object with " + ", ".join(sorted(self.properties))

    def convert(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise BadValueError(value, self.expected)
        if missing := self.required - value.keys():
            raise BadValueError(value, self.expected, f"Missing: {', '.join(sorted(missing))}.")
        if unknown := value.keys() - self.properties.keys():
            raise BadValueError(value, self.expected, f"Not in the signature: {', '.join(sorted(unknown))}.")
        return {key: _at(f".{key}", self.properties[key], item) for key, item in value.items()}


def _at(path: str, kind: ValueType, value: Any) -> Any:
    """The converted value; a fault in it says the way to it. Missing text stays null inside a nested value."""
    if value is None and kind is SCALARS["string"]:
        return None
    try:
        return kind.convert(value)
    except BadValueError as error:
        error.path = path + error.path
        raise


def parse_type(spec: dict[str, Any], where: str) -> ValueType:
    """The type that `spec` of a signature describes.

    Raises:
        LoadError: no such type.
    """
    kind = spec.get("type")
    if isinstance(kind, str) and kind in SCALARS:
        return SCALARS[kind]
    if kind == "any":
        return AnyValue()
    if kind == "sparkml_vector":
        return Array(SCALARS["double"])
    if kind == "array" and isinstance(spec.get("items"), dict):
        return Array(parse_type(spec["items"], where))
    if kind == "map" and isinstance(spec.get("values"), dict):
        return Map(parse_type(spec["values"], where))
    if kind == "object" and isinstance(spec.get("properties"), dict):
        return _object(spec["properties"], where)
    raise LoadError(
        f"{where} of the signature has the type {kind!r}: expected {', '.join(SCALARS)}, array, object, map or any",
        hint="Log the model again with a signature that mlflow.models.infer_signature made.",
    )


def _object(properties: dict[str, Any], where: str) -> Object:
    types = {name: parse_type(prop, f"{where}.{name}") for name, prop in properties.items()}
    optional = {name for name, prop in properties.items() if not prop.get("required", True)}
    return Object(
        {name: Optional(kind) if name in optional else kind for name, kind in types.items()},
        frozenset(types) - optional,
    )
