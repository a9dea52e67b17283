# ruff: noqa: RUF001 - dashes as people type them
"""Parameters are read from the cell's source as its author wrote it, and nothing of it is executed."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.model import Parameter, ParameterType
from gristmill.notebooks.python_parameters import MAX_CELL, cell_parameters, read_parameters
from gristmill.notebooks.source import read_notebook

T = ParameterType


def one(source: str) -> Parameter:
    parameters = cell_parameters(source)
    assert len(parameters) == 1, parameters
    return parameters[0]


def notebook(*cells: tuple[str, list[str]], language: str = "python") -> bytes:
    made: list[dict[str, Any]] = [
        {"cell_type": "code", "source": source, "metadata": {"tags": tags}} for source, tags in cells
    ]
    return json.dumps({"nbformat": 4, "metadata": {"kernelspec": {"language": language}}, "cells": made}).encode()


@pytest.mark.parametrize(
    ("source", "kind", "default"),
    [
        ("x = 3", T.INT, 3),
        ("x = -3", T.INT, -3),
        ("x = 1_000", T.INT, 1000),
        ("x = 10 * 60", T.INT, 600),
        ("x = 2**20", T.INT, 2**20),
        ("x = 1 << 4", T.INT, 16),
        ("x = 7 // 2 + 1 - 3 % 2", T.INT, 3),
        ("x = 0.5", T.FLOAT, 0.5),
        ("x = 1e-3", T.FLOAT, 0.001),
        ("x = 1 / 3", T.FLOAT, 1 / 3),
        ("x = True", T.BOOL, True),
        ("x = 'a'", T.STR, "a"),
        ("x = 'a' 'b'", T.STR, "ab"),
        ("x = f'plain'", T.STR, "plain"),
        ("x = '''a\nb'''", T.STR, "a\nb"),
        ("x = [1, 2]", T.LIST, [1, 2]),
        ("x = (1, 2)", T.LIST, [1, 2]),
        ("x = 1, 2", T.LIST, [1, 2]),
        ("x = {'a': [1, {'b': None}]}", T.DICT, {"a": [1, {"b": None}]}),
        ("x = date(2024, 1, 31)", T.DATE, "2024-01-31"),
        ("x = datetime.date(2024, 1, 31)", T.DATE, "2024-01-31"),
        ("x = dt.date(year=2024, month=1, day=31)", T.DATE, "2024-01-31"),
        ("x = date.fromisoformat('2024-01-31')", T.DATE, "2024-01-31"),
        ("x = datetime.datetime(2024, 1, 31, 12)", T.DATETIME, "2024-01-31T12:00:00"),
        ("x = datetime(2024, 1, 31, tzinfo=timezone.utc)", T.DATETIME, "2024-01-31T00:00:00+00:00"),
        ("x = datetime.fromisoformat('2024-01-31 12:00')", T.DATETIME, "2024-01-31T12:00:00"),
    ],
)
def test_types_are_inferred_from_plain_values(source: str, kind: ParameterType, default: object) -> None:
    parameter = one(source)
    assert (parameter.type, parameter.default) == (kind, default)
    assert type(parameter.default) is type(default)
    assert not parameter.required
    assert not parameter.nullable


@pytest.mark.parametrize(
    ("source", "items"),
    [
        ("x = [1, 2]", T.INT),
        ("x = [1, 0.5]", T.FLOAT),
        ("x = ['a']", T.STR),
        ("x = [date(2024, 1, 1)]", T.DATE),
        ("x = [1, 'a']", None),
        ("x = [None]", None),
        ("x = []", None),
        ("x: list[str] = []", T.STR),
        ("x: List[int] = [1]", T.INT),
        ("x: tuple[float, ...] = (1.0,)", T.FLOAT),
        ("x: tuple[int, str] = (1, 'a')", None),
        ("x: list[list[int]] = []", None),
        ("x: Sequence[datetime.date] = ()", T.DATE),
    ],
)
def test_a_list_says_what_its_items_are_where_they_are_alike(source: str, items: ParameterType | None) -> None:
    parameter = one(source)
    assert (parameter.type, parameter.items) == (T.LIST, items)


@pytest.mark.parametrize(
    ("source", "kind", "nullable"),
    [
        ("x: int = 3", T.INT, False),
        ("x: float = 3", T.FLOAT, False),
        ("x: str | None = None", T.STR, True),
        ("x: None | int = 3", T.INT, True),
        ("x: Optional[int] = None", T.INT, True),
        ("x: typing.Optional[float] = 1.0", T.FLOAT, True),
        ("x: Union[int, None] = 3", T.INT, True),
        ("x: int | float = 3", T.FLOAT, False),
        ("x: int | str = 3", T.ANY, False),
        ("x: int = None", T.INT, True),
        ("x = None", T.ANY, True),
        ("x: 'int | None' = 3", T.INT, True),
        ("x: Final[int] = 3", T.INT, False),
        ("x: dict[str, int] = {}", T.DICT, False),
        ("x: datetime.date = '2024-01-31'", T.DATE, False),
        ("x: datetime = None", T.DATETIME, True),
        ("x: Literal['a', 'b'] = 'a'", T.LITERAL, False),
        ("x: Literal['a', None] = None", T.LITERAL, True),
        ("x: Literal['a'] | None = None", T.LITERAL, True),
        ("x: Path = Path('a')", T.ANY, False),
        ("x: pd.DataFrame = None", T.ANY, True),
        ("x = 3  # type: float", T.FLOAT, False),
        ("x = 3  # type: Optional[int] the number", T.INT, True),
        ("x = 3  # type: ignore[assignment]", T.INT, False),
    ],
)
def test_annotations_and_type_comments_win_over_the_value(source: str, kind: ParameterType, nullable: object) -> None:
    parameter = one(source)
    assert (parameter.type, parameter.nullable) == (kind, nullable)


def test_a_float_that_is_written_as_an_integer_has_a_float_for_a_default() -> None:
    assert isinstance(one("x: float = 3").default, float)


def test_literal_choices_keep_their_types() -> None:
    assert one("x: Literal['a', 1, -2, True] = 1").choices == ("a", 1, -2, True)
    assert one("x: list[Literal['a', 'b']] = ['a']").choices == ("a", "b")


def test_an_annotation_without_a_value_makes_a_parameter_required() -> None:
    assert one("x: int").required
    assert not one("x: int\nx = 3").required
    assert one("x: int\nx = 3").default == 3


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("x = compute()", T.ANY),
        ("x = os.environ['X']", T.ANY),
        ("x = y", T.ANY),
        ("x = y + 1", T.ANY),
        ("x = f'{y}'", T.ANY),
        ("x = [y]", T.ANY),
        ("x = {**y}", T.ANY),
        ("x = {1, 2}", T.ANY),
        ("x = b'bytes'", T.ANY),
        ("x = 1j", T.ANY),
        ("x = ...", T.ANY),
        ("x = 1 / 0", T.ANY),
        ("x = (-8) ** 0.5", T.ANY),
        ("x = 9**9**9", T.ANY),
        ("x = 1 << 10**9", T.ANY),
        ("x = 'a' * 10**9", T.ANY),
        ("x = date(2024, 13, 1)", T.DATE),
        ("x = date.today()", T.DATE),
        ("x = datetime.datetime.now()", T.DATETIME),
        ("x = float('inf')", T.FLOAT),
        ("x = 1e999", T.FLOAT),
        ("x = 2**100", T.INT),
        ("x = {1: 'a'}", T.DICT),
        ("x = '\\ud800'", T.STR),
        ("x: Literal['a', '\\ud800'] = '\\ud800'", T.ANY),
        ("x: int = compute()", T.INT),
        ("x = !ls", T.ANY),
    ],
)
def test_a_value_that_only_the_notebook_knows_leaves_no_default(source: str, kind: ParameterType) -> None:
    parameter = one(source + "  # help")
    assert (parameter.type, parameter.default, parameter.required) == (kind, None, False)
    if "!" not in source:
        assert parameter.help == "help"


def test_help_is_the_comment_behind_or_the_lines_above() -> None:
    source = """\
lr = 0.1  # how fast it learns
# how often it sees
# all of the data
epochs = 10

# a heading of its own

seed = 1
columns = [  # what goes in
    "a",  # the first
]
other = {
    "a": 1,
}  # behind the last line
"""
    assert {parameter.name: parameter.help for parameter in cell_parameters(source)} == {
        "lr": "how fast it learns",
        "epochs": "how often it sees all of the data",
        "seed": None,
        "columns": "what goes in",
        "other": "behind the last line",
    }


def test_a_comment_sign_in_a_string_is_no_comment() -> None:
    assert one("x = 'a # b'").help is None


@pytest.mark.parametrize(
    ("source", "bounds"),
    [
        ("x: Annotated[float, Ge(0), Le(1)] = 0.5", (0, 1, False, False)),
        ("x: Annotated[float, annotated_types.Gt(0)] = 0.5", (0, None, True, False)),
        ("x: Annotated[int, Interval(ge=1, lt=10)] = 5", (1, 10, False, True)),
        ("x: Annotated[int, Field(ge=1, le=2**4)] = 5", (1, 16, False, False)),
        ("x: Annotated[int, range(1, 10)] = 5", (1, 10, False, True)),
        ("x: Annotated[int, range(10)] = 5", (None, 10, False, True)),
        ("x: Annotated[int | None, Ge(-1)] = None", (-1, None, False, False)),
        ("x = 0.1  # 0.001 – 0.5", (0.001, 0.5, False, False)),
        ("x = 0.1  # 0.001 - 0.5", (0.001, 0.5, False, False)),
        ("x = 0.1  # [0, 1]", (0, 1, False, False)),
        ("x = 0.1  # the rate (0, 1]", (0, 1, True, False)),
        ("x = 5  # 1..10", (1, 10, False, False)),
        ("x = 5  # from 1 to 10", (1, 10, False, False)),
        ("x = 5  # depth of a tree, 1 – 10", (1, 10, False, False)),
        ("x = 5  # 1 – 10: depth of a tree", (1, 10, False, False)),
        ("x = 5  # >= 1, <= 10", (1, 10, False, False)),
        ("x = 5  # how many, > 0", (0, None, True, False)),
        ("x = 5  # at least 1", (1, None, False, False)),
        ("x = 5  # (0, inf)", (0, None, True, False)),
        ("# how deep, 1 – 10\nx = 5", (1, 10, False, False)),
        ("x: int | None = None  # 1 – 10", (1, 10, False, False)),
    ],
)
def test_ranges_are_annotated_or_stand_in_the_comment(
    source: str, bounds: tuple[float | None, float | None, bool, bool]
) -> None:
    found = one(source)
    assert (found.minimum, found.maximum, found.exclusive_minimum, found.exclusive_maximum) == bounds


def test_a_range_is_taken_out_of_the_help() -> None:
    assert one("x = 0.1  # learning rate, 0.001 – 0.5").help == "learning rate"
    assert one("x = 0.1  # 0.001 – 0.5: learning rate").help == "learning rate"
    assert one("x = 0.1  # [0, 1]").help is None


@pytest.mark.parametrize(
    "source",
    [
        "x = 30  # as in Smith, 2010 – 2015",
        "x = 30  # pages 3-5",
        "x = 30  # see 25 – 35",
        "x = 30  # tuned on [0, 1], then fixed",
        "x = 30  # 35 – 25",
        "x = 'a'  # [0, 1]",
        "x = [3]  # [0, 1]",
    ],
)
def test_prose_is_not_taken_for_a_range_and_stays_in_the_help(source: str) -> None:
    found = one(source)
    assert (found.minimum, found.maximum) == (None, None)
    assert found.help == source.partition("# ")[2]


def test_an_integer_whose_range_has_fractions_was_meant_as_a_float() -> None:
    found = one("x = 1  # 0.5 – 2")
    assert (found.type, found.default) == (T.FLOAT, 1.0)
    assert isinstance(found.default, float)


@pytest.mark.parametrize(
    ("source", "choices", "says"),
    [
        ("x = 'all'  # one of: all, numeric", ("all", "numeric"), None),
        ("x = 'a'  # which columns, one of: a, b", ("a", "b"), "which columns"),
        ("x = 'a'  # which columns (one of: 'a' | 'b')", ("a", "b"), "which columns"),
        ("x = 'a'  # one of: a, b or c; which columns", ("a", "b", "c"), "which columns"),
        ("x = 2  # one of: 1, 2", (1, 2), None),
        ("x = 0.5  # one of: 0.5, 1", (0.5, 1.0), None),
        ("x = ['a']  # one of: a, b", ("a", "b"), None),
        ("x: str | None = None  # one of: a, b", ("a", "b"), None),
        ("x = 'z'  # one of: a, b", (), "one of: a, b"),
        ("x = 2  # one of: few, many", (), "one of: few, many"),
        ("x = 'a'  # one of many knobs", (), "one of many knobs"),
    ],
)
def test_choices_stand_in_the_comment(source: str, choices: tuple[object, ...], says: str | None) -> None:
    assert (one(source).choices, one(source).help) == (choices, says)


def test_help_can_stand_in_the_annotation() -> None:
    assert one("x: Annotated[int, 'how many'] = 5").help == "how many"
    assert one("x: Annotated[int, Field(description='how many')] = 5  # other").help == "how many"
    assert one("x: Annotated[int, Doc('how many')] = 5").help == "how many"


@pytest.mark.parametrize("comment", ["noqa: E501", "type: ignore", '@param {type:"number"}', "-------", "%%"])
def test_comments_for_tools_are_no_help(comment: str) -> None:
    assert one(f"x = 1  # {comment}").help is None
    assert one(f"x = 1  # how many  # {comment}").help == "how many"


def test_several_names_in_one_line() -> None:
    assert [(found.name, found.default) for found in cell_parameters("a = b = 3\nc, d = 1, 'x'\ne, *f = g()")] == [
        ("a", 3),
        ("b", 3),
        ("c", 1),
        ("d", "x"),
        ("e", None),
    ]


def test_the_last_assignment_of_a_name_counts_and_its_first_annotation_holds() -> None:
    found = one("x: float = 1  # the rate\nx = 2")
    assert (found.type, found.default, found.help, found.line) == (T.FLOAT, 2.0, "the rate", 1)


@pytest.mark.parametrize("after", ["x += 1", "if True:\n    x = 5", "for i in y:\n    x = i", "x = x + 1"])
def test_a_value_that_may_change_on_the_way_is_no_default(after: str) -> None:
    found = cell_parameters(f"x: int = 3\n{after}")[0]
    assert (found.name, found.type, found.default) == ("x", T.INT, None)


def test_names_set_in_branches_can_be_set_from_outside() -> None:
    source = "try:\n    import colab\n    hosted = True\nexcept ImportError:\n    hosted = False\n"
    found = one(source)
    assert (found.name, found.required) == ("hosted", False)


def test_imports_functions_attributes_and_loop_variables_are_no_parameters() -> None:
    source = "import os\nfrom a import b\ndef f():\n    y = 1\nclass C:\n    z = 1\n"
    source += "o.x = 1\nd['k'] = 1\nfor i in a:\n    f(i)"
    assert cell_parameters(source) == ()


def test_magics_are_passed_over() -> None:
    source = "%matplotlib inline\n!pip install \\\n   thing\nx = 3  # help\nthing?\n%%time"
    found = one(source)
    assert (found.default, found.help, found.line) == (3, "help", 4)


def test_a_cell_of_another_language_has_no_parameters() -> None:
    assert cell_parameters("%%bash\nfor f in *; do echo $f; done") == ()


def test_invalid_escapes_in_strings_are_the_authors_business() -> None:
    assert one("x = '\\d'").default == "\\d"


def test_code_with_a_byte_that_python_refuses_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        cell_parameters("x = 1\0")


HOSTILE = {
    "signs": "x = " + "-" * (MAX_CELL - 10) + "1",
    "parentheses": "x = " + "(" * (MAX_CELL - 10),
    "attributes": "x = a" + ".b" * (MAX_CELL // 2 - 10),
    "calls": "x = a" + "()" * (MAX_CELL // 2 - 10),
    "sums": "x = 1" + "+1" * (MAX_CELL // 2 - 10),
    "unions": "x: a" + "|a" * (MAX_CELL // 2 - 10),
    "lists": "x = " + "[" * 90 + "]" * 90,
    "subscripts": "x: " + "list[" * 90 + "int" + "]" * 90,
    "quotes": "x: " + repr("'int'"),
    "digits": "x = " + "9" * 10_000,
    "branches": "if a: x = 1\n" + "elif a: x = 1\n" * 3000,
    "names": "".join(f"a{index} = 1\n" for index in range(4000)),
    "comment": "x = 1  # " + "1 – " * 10_000,
    "choices": "x = 'a'  # " + "one of: (" * 5000,
    "too long": "x = '" + "a" * MAX_CELL + "'",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.timeout(20)
def test_hostile_code_is_read_or_refused_and_never_more(source: str) -> None:
    with contextlib.suppress(InvalidInputError):
        read_parameters(read_notebook(notebook((source, ["parameters"]))))


def test_nothing_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    source = (
        f"x = open({str(mark)!r}, 'w')\ny: __import__('os').system('touch {mark}') = 1\nz = [open({str(mark)!r}, 'w')]"
    )
    cell_parameters(source)
    assert not mark.exists()


def test_the_schema_names_the_cell() -> None:
    schema = read_parameters(read_notebook(notebook(("import os", []), ("x = 1", ["parameters"]))))
    assert (schema.cell, schema.language, schema.checked) == (1, "python", True)
    assert [found.name for found in schema.parameters] == ["x"]


def test_without_a_parameters_cell_there_are_no_parameters() -> None:
    schema = read_parameters(read_notebook(notebook(("x = 1", []))))
    assert (schema.cell, schema.parameters, schema.checked) == (None, (), True)


def test_another_language_is_not_checked() -> None:
    schema = read_parameters(read_notebook(notebook(("x <- 1", ["parameters"]), language="R")))
    assert (schema.cell, schema.parameters, schema.checked, schema.language) == (0, (), False, "R")


def test_a_cell_that_is_not_python_is_refused_with_cell_and_line() -> None:
    broken = notebook(("import os", []), ("x = 1\ny = = 2", ["parameters"]))
    with pytest.raises(InvalidInputError, match=r"cell 2.*line 2 is not Python") as caught:
        read_parameters(read_notebook(broken))
    assert caught.value.faults[0].where == "cell 2"


def test_the_documentations_examples_are_read_as_it_says() -> None:
    text = (Path(__file__).parents[3] / "docs" / "parameters.md").read_text()
    first, second = (block.partition("```")[0] for block in text.split("```python\n")[1:])
    found = {one.name: one for one in cell_parameters(first)}
    assert (found["rows"].default, found["rows"].minimum) == (5000, 100)
    assert (found["learning_rate"].minimum, found["learning_rate"].maximum) == (0.001, 0.5)
    assert (found["max_depth"].nullable, found["max_depth"].maximum) == (True, 20)
    assert found["columns"].choices == ("all", "numeric")
    assert (found["since"].type, found["since"].default) == (T.DATE, "2026-01-01")
    assert found["target"].required
    assert all(one.minimum is not None or one.maximum is not None for one in cell_parameters(second))
    for comment in (
        "0.001 – 0.5",
        "1 - 10",
        "1..10",
        "1 to 10",
        "between 1 and 10",
        "[0, 1]",
        "(0, 1]",
        "> 0",
        "at least 1",
    ):
        assert f"`# {comment}`" in text
        ranged = one(f"x = None  # {comment}")
        assert (ranged.minimum, ranged.help) != (None, comment)
