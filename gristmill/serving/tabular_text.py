"""CSV and Parquet bodies: tables whose cells become the JSON values that the signature is checked against."""

import io
from collections.abc import Callable
from typing import Any

from gristmill.core.errors import InvalidInputError
from gristmill.serving.batch import Batch
from gristmill.serving.columnar import ColumnSignature
from gristmill.serving.columns import Scalar
from gristmill.serving.errors import UnsupportedMediaTypeError
from gristmill.serving.nested import ValueType
from gristmill.serving.signature import Signature

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def from_csv(body: bytes, signature: Signature) -> Batch:
    """The batch of a CSV table with a header, missing cells as `pandas.read_csv` knows them.

    Raises:
        InvalidInputError: it is not such a table, or a cell is not of its column's type.
    """
    import pandas as pd

    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"the body is not UTF-8: {error}") from error
    typed = isinstance(signature, ColumnSignature)
    try:
        frame = pd.read_csv(io.StringIO(text), dtype=str if typed else None)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise InvalidInputError(f"the body is not a CSV table: {error}") from error
    if not isinstance(signature, ColumnSignature):
        return signature.columns({str(name): frame[name].tolist() for name in frame})
    kinds = {column.label: column.kind for column in signature.all}
    return signature.columns(
        {
            name: list(map(_reader(kinds.get(name if signature.named else place)), frame.iloc[:, place]))
            for place, name in enumerate(frame.columns)
        }
    )


def from_parquet(body: bytes, signature: Signature) -> Batch:
    """The batch of a Parquet file.

    Raises:
        UnsupportedMediaTypeError: pyarrow is not installed here.
        InvalidInputError: it is not such a file, or a cell is not of its column's type.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UnsupportedMediaTypeError(
            "Parquet bodies need pyarrow, which this endpoint does not have", hint="Send JSON or CSV."
        ) from error
    try:
        columns = pq.read_table(pa.BufferReader(body)).to_pydict()
    except (pa.ArrowException, OSError) as error:
        raise InvalidInputError(f"the body is not a Parquet file: {error}") from error
    return signature.columns(columns)


def _reader(kind: ValueType | None) -> Callable[[Any], Any]:
    """How a cell's text is read. Text that cannot be read stays, so that the check names its row."""
    name = kind.name if isinstance(kind, Scalar) else None
    if name == "boolean":
        return lambda cell: _BOOLEANS.get(cell.lower(), cell) if isinstance(cell, str) else None
    if name in {"integer", "long", "float", "double"}:
        return _number
    return lambda cell: cell if isinstance(cell, str) else None


def _number(cell: Any) -> Any:
    if not isinstance(cell, str):
        return None
    for read in (int, float):
        try:
            return cell if "_" in cell else read(cell)
        except ValueError:
            continue
    return cell
