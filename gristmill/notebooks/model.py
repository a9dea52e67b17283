"""What a notebook asks for: its parameters, read from its source without running it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ParameterType(StrEnum):
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    STR = "str"
    LIST = "list"
    DICT = "dict"
    DATE = "date"
    DATETIME = "datetime"
    LITERAL = "literal"
    ANY = "any"  # neither annotated nor to be inferred: any JSON value is taken as it is


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One assignment of the parameters cell. Dates are ISO 8601 strings wherever they are JSON."""

    name: str
    type: ParameterType
    required: bool = False  # annotated without a value
    default: Any = None
    nullable: bool = False
    help: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False  # `minimum` itself is not allowed
    exclusive_maximum: bool = False
    choices: tuple[Any, ...] = ()  # of the value, or of each item of a list
    items: ParameterType | None = None  # of a list[T], of the values of a dict[str, T]
    line: int | None = None  # in the parameters cell, from 1

    def in_range(self, number: float) -> bool:
        low, high = self.minimum, self.maximum
        above = low is None or (number > low if self.exclusive_minimum else number >= low)
        return above and (high is None or (number < high if self.exclusive_maximum else number <= high))


@dataclass(frozen=True, kw_only=True)
class ParameterSchema:
    """The parameters of one notebook.

    `cell` is the index of the tagged cell; None where there is none, and then nothing can be set. `checked` is False
    where the language cannot be read by us: values then pass unchecked.
    """

    language: str
    cell: int | None
    parameters: tuple[Parameter, ...] = ()
    checked: bool = True
