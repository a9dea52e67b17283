"""What a notebook's cells put out, in a form in which two executions of it can be compared."""

import json
import re
from pathlib import Path
from typing import Any

Cell = list[tuple[str, ...]]

# What is another at each execution, and says nothing of what was computed.
_PASSING = (
    (re.compile(r"\bat 0x[0-9a-f]+"), "at ADDRESS"),
    (re.compile(r"\bid=['\"]?[\w-]+['\"]?|#sk-container-id-\d+"), "ID"),
    (re.compile(r"/\S*/(?:ipykernel_\d+|workspace|sources|site-packages)/"), "/PLACE/"),
    (re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, \d\d \w{3} \d{4}\b"), "DATE"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b|\b\d+(?:\.\d+)? ?(?:[munµ]?s|seconds|it/s)\b"), "TIME"),
    (re.compile(r"\S*\d+%\|[^\n\r]*"), "PROGRESS"),
)


def outputs_of(notebook: Path) -> list[Cell]:
    """Of each code cell, its outputs: what kind, of which media types, and text and data as they are."""
    cells = json.loads(notebook.read_text())["cells"]
    return [_streams_joined(one["outputs"]) for one in cells if one["cell_type"] == "code"]


def shapes(cell: Cell) -> set[tuple[str, str]]:
    """The kinds and media types of a cell's outputs alone."""
    return {(one[0], one[1]) for one in cell}


def _streams_joined(outputs: list[dict[str, Any]]) -> Cell:
    """How text that is printed is cut into pieces, and how stdout and stderr alternate, is a matter of timing."""
    printed: dict[str, str] = {}
    rest: Cell = []
    for one in outputs:
        if one["output_type"] == "stream":
            printed[one["name"]] = printed.get(one["name"], "") + _text(one["text"])
        elif one["output_type"] == "error":
            rest.append(("error", one["ename"], _lasting(one["evalue"])))
        else:
            rest += [(one["output_type"], kind, _datum(kind, data)) for kind, data in sorted(one["data"].items())]
    return [*(("stream", name, _lasting(text)) for name, text in sorted(printed.items())), *rest]


def _datum(kind: str, data: Any) -> str:
    text = _text(data) if isinstance(data, str | list) else json.dumps(data, sort_keys=True)
    return text.strip() if kind.startswith("image/") and kind != "image/svg+xml" else _lasting(text)


def _lasting(text: str) -> str:
    for pattern, word in _PASSING:
        text = pattern.sub(word, text)
    return text.strip()


def _text(lines: str | list[str]) -> str:
    return lines if isinstance(lines, str) else "".join(lines)
