"""The first rows of a table that a run made: read, never executed."""

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gristmill.core.errors import InvalidInputError

ROWS = 200
COLUMNS = 200
_LONGEST = 500  # characters of one value that are shown


@dataclass(frozen=True, kw_only=True)
class TablePreview:
    """`rows` are texts, one for each column. `total` counts all rows where the file says so; `cut`: there are more."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    total: int | None = None
    cut: bool = False
    columns_cut: int = 0


def text_table(beginning: bytes, *, whole: bool, delimiter: str | None = None) -> TablePreview:
    """Of a file with values between commas, tabs or semicolons, from its beginning; the first row names the columns.

    Raises:
        InvalidInputError: it is no such file.
    """
    text = beginning.decode("utf-8-sig", errors="replace")
    if not whole:
        text = text[: text.rfind("\n") + 1] or text  # a row that is cut in half is none
    try:
        sniffed = delimiter or csv.Sniffer().sniff(text[:8192], ",;\t|").delimiter
    except csv.Error:
        sniffed = ","
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=sniffed))
    except csv.Error as error:
        raise InvalidInputError(f"this is no table of comma-separated values: {error}") from error
    if not rows:
        return TablePreview(columns=(), rows=(), numeric=())
    names, body = rows[0], rows[1:]
    width = len(names)
    even = [[*row, *[""] * width][:width] for row in body]
    return _preview(names, even[:ROWS], total=len(even) if whole else None, cut=not whole or len(even) > ROWS)


def parquet_table(file: Path) -> TablePreview:
    """Of a Parquet file; only its first rows are read.

    Raises:
        InvalidInputError: it is no such file.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file) as opened:
            total = opened.metadata.num_rows
            names = list(opened.schema_arrow.names)
            batch = next(opened.iter_batches(ROWS, columns=names[:COLUMNS]), None)
    except (pa.ArrowException, OSError) as error:
        raise InvalidInputError(f"this Parquet file cannot be read: {error}") from error
    columns = [column.to_pylist() for column in batch.columns] if batch is not None else []
    found = _preview(names[:COLUMNS], [list(row) for row in zip(*columns, strict=True)], total=total, cut=total > ROWS)
    return TablePreview(
        columns=found.columns,
        rows=found.rows,
        numeric=found.numeric,
        total=total,
        cut=found.cut,
        columns_cut=max(0, len(names) - COLUMNS),
    )


def _preview(names: list[str], rows: list[list[Any]], *, total: int | None, cut: bool) -> TablePreview:
    shown = names[:COLUMNS]
    texts = tuple(tuple(_text(value) for value in row[:COLUMNS]) for row in rows)
    return TablePreview(
        columns=tuple(name[:_LONGEST] for name in shown),
        rows=texts,
        numeric=tuple(_is_numeric(row[place] for row in texts) for place in range(len(shown))),
        total=total,
        cut=cut,
        columns_cut=len(names) - len(shown),
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


def _is_numeric(values: Iterable[str]) -> bool:
    """Whether all that is there is numbers."""
    some = False
    for value in values:
        if value:
            some = True
            try:
                float(value)
            except ValueError:
                return False
    return some
