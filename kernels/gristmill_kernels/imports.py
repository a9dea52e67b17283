"""The modules that a notebook names in its import statements, for what a zygote should have ready."""

import json
import re
from pathlib import Path

_IMPORT = re.compile(r"^[ \t]*import[ \t]+([^\n#]+)|^[ \t]*from[ \t]+([\w.]+)[ \t]+import\b", re.MULTILINE)


def named_imports(notebook: Path | None) -> tuple[str, ...]:
    """Their dotted names, in order; nothing where there is no notebook to be read. What it says is believed by nobody:
    only names that a zygote may import anyway are taken of it.
    """
    if notebook is None:
        return ()
    try:
        cells = json.loads(notebook.read_bytes())["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    texts = [source if isinstance(source, str) else "".join(source) for source in sources]
    return tuple(dict.fromkeys(name for text in texts for name in names_in(text)))


def names_in(text: str) -> list[str]:
    found = []
    for plain, origin in _IMPORT.findall(text):
        if origin:
            found.append(origin)
        else:
            found += [part.split()[0] for part in plain.split(",") if part.split()]
    return found
