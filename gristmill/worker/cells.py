"""Which cells of a notebook are executed, and where the executed ones stand in the source."""

from collections.abc import Mapping, Sequence
from typing import Any

SKIP_TAG = "skip-execution"  # nbclient's
PARAMETERS_TAG = "parameters"
INJECTED_TAG = "injected-parameters"  # papermill's
ERROR_MARKER_TAG = "papermill-error-cell-tag"  # papermill's; it takes such cells out before it executes

Cell = Mapping[str, Any]


def is_executed(cell: Cell, skip_tag: str = SKIP_TAG) -> bool:
    """Whether the cell is sent to the kernel."""
    return cell["cell_type"] == "code" and bool("".join(cell["source"]).strip()) and skip_tag not in tags(cell)


def executed_cells(cells: Sequence[Cell]) -> list[int]:
    return [index for index, cell in enumerate(cells) if is_executed(cell)]


def tags(cell: Cell) -> Sequence[str]:
    found: Sequence[str] = cell.get("metadata", {}).get("tags", ())
    return found


def source_places(cells: Sequence[Cell], *, injected: bool) -> list[int | None]:
    """For each cell that papermill will execute, its index in the source `cells`; None for the one that it adds.

    `injected`: parameters were given. papermill replaces an injected cell that is there, else adds one behind the
    parameters cell, else at the top.
    """
    places: list[int | None] = [index for index, cell in enumerate(cells) if ERROR_MARKER_TAG not in tags(cell)]
    if not injected or _first(cells, INJECTED_TAG) is not None:
        return places
    parameters = _first(cells, PARAMETERS_TAG)
    places.insert(0 if parameters is None else places.index(parameters) + 1, None)
    return places


def _first(cells: Sequence[Cell], tag: str) -> int | None:
    return next((index for index, cell in enumerate(cells) if tag in tags(cell)), None)
