"""papermill, without what it would import for places that a worker never reads."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# pyarrow for HDFS, azure and boto3 for their stores; the others for formats of JSON Schema that no notebook's schema
# asks for: rfc3987_syntax compiles a grammar, more than a second alone. All of them are optional to their importers.
UNNEEDED = (
    "azure",
    "boto3",
    "fqdn",
    "gcsfs",
    "github",
    "isoduration",
    "pyarrow",
    "rfc3987",
    "rfc3987_syntax",
    "webcolors",
)


@contextmanager
def without_unneeded() -> Iterator[None]:
    """Within the block these packages cannot be imported, unless they were already."""
    hidden = [name for name in UNNEEDED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # None: "this import fails", see importlib
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
