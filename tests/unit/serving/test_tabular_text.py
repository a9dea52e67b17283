"""CSV and Parquet: cells become the values that the signature is checked against, by row and column."""

import io
import math
from typing import Any

import pandas as pd
import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.serving.batch import Takes
from gristmill.serving.errors import UnsupportedMediaTypeError
from gristmill.serving.tabular_text import from_csv, from_parquet
from tests.serving_kit.functions import COLUMNS, signature_of

SIGNATURE = signature_of(COLUMNS)
BOOLEAN = signature_of([{"type": "boolean", "name": "flag"}])


def csv(text: str, signature: Any = SIGNATURE) -> pd.DataFrame:
    frame = from_csv(text.encode(), signature).data(Takes.FRAME)
    assert isinstance(frame, pd.DataFrame)
    return frame


def test_cells_become_the_columns_types() -> None:
    frame = csv("state,minutes,calls,more\nKS,1.5,2,x\n,,3,y\n")
    assert list(frame.columns) == ["minutes", "calls", "state"]
    assert frame["calls"].tolist() == [2, 3]
    assert frame["minutes"].iloc[0] == 1.5
    assert math.isnan(frame["minutes"].iloc[1])
    assert math.isnan(frame["state"].iloc[1])


def test_text_that_looks_like_a_number_stays_text_in_a_text_column() -> None:
    assert csv("minutes,calls,state\n1,2,007\n")["state"].tolist() == ["007"]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert len(csv("\ufeffminutes,calls,state\n1,2,a\n")) == 1


@pytest.mark.parametrize("cell", ["true", "True", "TRUE", "1"])
def test_booleans_are_read_as_pandas_writes_them(cell: str) -> None:
    assert csv(f"flag\n{cell}\n", BOOLEAN)["flag"].tolist() == [True]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("minutes,calls,state\n1,2,a\nx,2,a\n", "row 1, column 'minutes'"),
        ("minutes,calls,state\n1,,a\n", "row 0, column 'calls'"),
        ("minutes,calls,state\n1,2.5,a\n", "row 0, column 'calls'"),
        ("minutes,calls,state\n1,1_000,a\n", "row 0, column 'calls'"),
        ("minutes,calls\n1,2\n", "column 'state'"),
    ],
)
def test_a_fault_says_row_and_column(text: str, where: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        csv(text)
    assert caught.value.faults[0].where == where


def test_a_word_in_a_boolean_column_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="column 'flag'"):
        csv("flag\nyes\n", BOOLEAN)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\xfa", b'a,b\n"1,2\n', b"minutes,calls,state\n"])
def test_what_is_no_table_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        from_csv(body, SIGNATURE)


def test_columns_without_names_are_read_by_their_place() -> None:
    signature = signature_of([{"type": "long"}, {"type": "string"}])
    assert csv("p,q\n1,2\n", signature).to_numpy().tolist() == [[1, "2"]]


def test_without_a_signature_pandas_reads_the_table() -> None:
    assert csv("a,b\n1,x\n", signature_of(None)).to_dict("list") == {"a": [1], "b": ["x"]}


def parquet(frame: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.to_parquet(file)
    return file.getvalue()


def test_parquet_is_read_by_its_own_types() -> None:
    body = parquet(pd.DataFrame({"minutes": [1.5, None], "calls": [2, 3], "state": ["a", None]}))
    assert from_parquet(body, SIGNATURE).rows == 2


def test_times_and_bytes_come_through_parquet() -> None:
    signature = signature_of([{"type": "datetime", "name": "when"}, {"type": "binary", "name": "blob"}])
    body = parquet(pd.DataFrame({"when": [pd.Timestamp("2026-01-31 12:00")], "blob": [b"hello"]}))
    frame = from_parquet(body, signature).data(Takes.FRAME)
    assert frame["when"].tolist() == [pd.Timestamp("2026-01-31 12:00")]
    assert frame["blob"].tolist() == [b"hello"]


@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1 nonsense PAR1"])
def test_what_is_no_parquet_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="Parquet"):
        from_parquet(body, SIGNATURE)


def test_parquet_without_pyarrow_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UnsupportedMediaTypeError, match="pyarrow"):
        from_parquet(b"PAR1", SIGNATURE)
