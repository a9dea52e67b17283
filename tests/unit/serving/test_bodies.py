from typing import Any

import pytest

from gristmill.serving.bodies import request_example
from gristmill.serving.columnar import ColumnSignature
from gristmill.serving.nested import parse_type
from gristmill.serving.signature import Signature
from gristmill.serving.table import Column
from gristmill.serving.untyped import Untyped


def columns(*specs: tuple[str | None, str]) -> Signature:
    return ColumnSignature(
        [
            Column(position=place, name=name, kind=parse_type({"type": kind}, "x"), required=True)
            for place, (name, kind) in enumerate(specs)
        ]
    )


@pytest.mark.parametrize(
    ("signature", "example"),
    [
        (columns(("state", "string")), '{"dataframe_split": {"columns": ["state"], "data": [["…"]]}}'),
        (columns(("a", "double"), ("b", "long")), '{"dataframe_split": {"columns": ["a", …], "data": [[0.5, …]]}}'),
        (columns((None, "double")), '{"inputs": [[0.5, …]]}'),
        (Untyped(), '{"inputs": [[0.5, …]]}'),
    ],
)
def test_the_example_names_the_signatures_own_first_column(signature: Any, example: str) -> None:
    assert request_example(signature) == example
