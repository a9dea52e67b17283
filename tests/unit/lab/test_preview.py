"""Tables are looked into from their beginning."""

from pathlib import Path

import pyarrow as pa
import pytest
from gristmill_lab.preview import ROWS, parquet_table, text_table
from pyarrow import parquet

from gristmill.core.errors import InvalidInputError


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_values_between_delimiters_are_a_table(delimiter: str) -> None:
    text = "name|age|score\nann|31|0.5\nbob|42|\n".replace("|", delimiter)
    found = text_table(text.encode(), whole=True)
    assert found.columns == ("name", "age", "score")
    assert found.rows == (("ann", "31", "0.5"), ("bob", "42", ""))
    assert (found.numeric, found.total, found.cut) == ((False, True, True), 2, False)


def test_of_a_long_one_the_first_rows_are_shown_and_no_row_that_was_cut_in_half() -> None:
    whole = "a,b\n" + "".join(f"{n},x\n" for n in range(1000))
    found = text_table(whole.encode(), whole=True)
    assert (len(found.rows), found.total, found.cut) == (ROWS, 1000, True)
    part = text_table(b"a,b\n1,2\n3,4444", whole=False)
    assert (part.rows, part.cut) == ((("1", "2"),), True)


def test_rows_of_other_lengths_have_the_columns_of_the_first() -> None:
    assert text_table(b"a,b\n1\n1,2,3\n", whole=True).rows == (("1", ""), ("1", "2"))
    assert text_table(b"", whole=True).columns == ()


def test_a_parquet_file_says_how_many_rows_it_has(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    table = pa.table({"n": list(range(500)), "text": ["x" * 600] + [None] * 499, "f": [float("nan")] * 500})
    parquet.write_table(table, file)
    found = parquet_table(file)
    assert found.columns == ("n", "text", "f")
    assert (len(found.rows), found.total, found.cut) == (ROWS, 500, True)
    assert found.rows[0] == ("0", "x" * 500 + " …", "nan")
    assert found.rows[1][1] == ""
    assert found.numeric == (True, False, True)


def test_what_is_no_parquet_file_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    file.write_bytes(b"not at all")
    with pytest.raises(InvalidInputError, match="Parquet"):
        parquet_table(file)
