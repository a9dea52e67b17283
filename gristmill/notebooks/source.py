"""A notebook as it stands on disk, nbformat 4: what we need of it, read without trusting it.

Outputs and unknown metadata are skipped, not built: a file made to eat memory costs no more than its own size.
"""

import codecs
import re
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from gristmill.core.errors import Fault, InvalidInputError, TooLargeError

MAX_BYTES = 64 * 2**20
MAX_CELLS = 10_000
MAX_CELL_BYTES = 2 * 2**20  # of one cell's source, as JSON
MAX_TAGS_BYTES = 64 * 2**10
PARAMETERS_TAG = "parameters"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell. `index` counts all cells from 0."""

    index: int
    kind: str  # code, markdown or raw
    source: str
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class NotebookSource:
    """A source notebook. `kernel` is its kernelspec's name; `language` is `python` where it says nothing."""

    cells: tuple[Cell, ...]
    kernel: str | None
    language: str

    @property
    def is_python(self) -> bool:
        return self.language == "python"

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.kind == "code")

    def number(self, cell: Cell) -> int:
        """As a run counts it: among the code cells that hold something, from 1."""
        return 1 + sum(1 for one in self.code_cells if one.index < cell.index and one.source.strip())

    @property
    def parameters_cell(self) -> Cell | None:
        """The cell tagged `parameters`.

        Raises:
            InvalidInputError: where two cells carry the tag, or one that is not code.
        """
        tagged = [cell for cell in self.cells if PARAMETERS_TAG in cell.tags]
        if len(tagged) > 1:
            both = " and ".join(self._named(cell) for cell in tagged[:3])
            raise InvalidInputError(
                f"{len(tagged)} cells are tagged {PARAMETERS_TAG!r}: {both}; expected one",
                hint=f"Take the tag {PARAMETERS_TAG!r} off all but one of them.",
            )
        if tagged and tagged[0].kind != "code":
            raise InvalidInputError(
                f"{self._named(tagged[0])} is tagged {PARAMETERS_TAG!r}; expected a code cell",
                hint="Make it a code cell, or move the tag to the cell with the assignments.",
            )
        return tagged[0] if tagged else None

    def _named(self, cell: Cell) -> str:
        where = f"cell {self.number(cell)}" if cell.kind == "code" else f"the {cell.kind} cell"
        return f"{where} ({_first_line(cell.source)!r})"


class _CellMetadata(msgspec.Struct):
    tags: msgspec.Raw = msgspec.Raw(b"[]")


class _Cell(msgspec.Struct):
    cell_type: str
    source: msgspec.Raw
    metadata: _CellMetadata | None = None


class _Kernelspec(msgspec.Struct):
    name: str | None = None
    language: str | None = None


class _LanguageInfo(msgspec.Struct):
    name: str | None = None


class _Metadata(msgspec.Struct):
    kernelspec: _Kernelspec | None = None
    language_info: _LanguageInfo | None = None


class _Version(msgspec.Struct):
    nbformat: int | None = None


class _Notebook(msgspec.Struct):
    cells: list[_Cell] | None = None
    metadata: _Metadata | None = None


_Part = TypeVar("_Part", bound=msgspec.Struct)


def read_notebook(data: bytes) -> NotebookSource:
    """The notebook in `data`, if it is one: nbformat 4, at least one cell, everything of the right type.

    Raises:
        InvalidInputError: says what was found, what a notebook has there, and what to do.
    """
    if len(data) > MAX_BYTES:
        raise TooLargeError(
            f"the notebook has {len(data)} bytes, at most {MAX_BYTES} are allowed",
            hint="Clear the outputs that hold large images or tables.",
        )
    _check_utf8(data)
    _check_version(_decode(data, _Version).nbformat)
    notebook = _decode(data, _Notebook)
    if not notebook.cells:
        what = "no 'cells'" if notebook.cells is None else "no cells in it"
        raise InvalidInputError(f"the notebook has {what}: expected at least one", hint="Add a code cell and save it.")
    if len(notebook.cells) > MAX_CELLS:
        raise TooLargeError(f"the notebook has {len(notebook.cells)} cells, at most {MAX_CELLS} are allowed")
    metadata = notebook.metadata or _Metadata()
    return NotebookSource(
        cells=tuple(_cell(index, cell) for index, cell in enumerate(notebook.cells)),
        kernel=(metadata.kernelspec and metadata.kernelspec.name) or None,
        language=_language(metadata),
    )


def _check_utf8(data: bytes) -> None:
    """Piece by piece: a string of the whole would be up to four times as large."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), 2**20):
            decoder.decode(data[start : start + 2**20])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"the notebook is not UTF-8 text: {error.reason}", hint="Save it from Jupyter, which writes UTF-8."
        ) from error


def _decode(data: bytes, kind: type[_Part]) -> _Part:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from error
    except RecursionError as error:
        raise InvalidInputError("the notebook's JSON is nested too deeply to be a notebook") from error
    except msgspec.DecodeError as error:
        raise InvalidInputError(
            f"the notebook is not JSON: {error}",
            hint="Open and save it in Jupyter; after a Git merge, look for conflict marks '<<<<<<<'.",
        ) from error


def _wrong(message: str) -> InvalidInputError:
    what, _, where = message.partition(" - at ")
    place = where.strip("`").removeprefix("$").removeprefix(".") or "the top"
    return InvalidInputError(
        f"this is not a notebook: {what[0].lower()}{what[1:]} at {place}",
        hint="Open and save it in Jupyter, which repairs what it can.",
        faults=(Fault(where=place, message=what),),
    )


def _check_version(major: int | None) -> None:
    if major is None:
        raise InvalidInputError("this is not a notebook: it lacks 'nbformat', expected 4", hint="Save it from Jupyter.")
    if major < 4:
        raise InvalidInputError(
            f"the notebook has nbformat {major}, expected 4",
            hint="Convert it: jupyter nbconvert --to notebook --nbformat 4 --inplace NOTEBOOK",
        )
    if major > 4:
        raise InvalidInputError(f"the notebook has nbformat {major}, expected 4", hint="Save it as nbformat 4.")


def _cell(index: int, cell: _Cell) -> Cell:
    source = _decode_part(f"cells[{index}].source", cell.source, str | list[str], MAX_CELL_BYTES)
    tags = _decode_part(
        f"cells[{index}].metadata.tags", (cell.metadata or _CellMetadata()).tags, list[str], MAX_TAGS_BYTES
    )
    return Cell(
        index=index,
        kind=cell.cell_type,
        source=source if isinstance(source, str) else "".join(source),
        tags=frozenset(tags),
    )


def _decode_part(where: str, raw: msgspec.Raw, kind: Any, limit: int) -> Any:
    size = len(memoryview(raw))
    if size > limit:
        raise TooLargeError(
            f"{where} has {size} bytes, at most {limit} are allowed", hint="Move what is large to a file."
        )
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        what = str(error).partition(" - at ")[0]
        raise _wrong(f"{what} - at `$.{where}`") from error
    except msgspec.DecodeError as error:
        raise InvalidInputError(f"{where} holds a string that is not Unicode text") from error


def _language(metadata: _Metadata) -> str:
    spec, info = metadata.kernelspec, metadata.language_info
    language = (spec and spec.language) or (info and info.name) or "python"
    return "python" if re.fullmatch(r"i?python\d*", language.lower()) else language


def _first_line(source: str) -> str:
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line if len(line) <= 40 else line[:39] + "…"
