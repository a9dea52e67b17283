"""Imports what every worker imports, for the process that workers are forked from, and compiles what they compile.

No thread, no connection and no event loop is made here.
"""

from importlib import import_module

import httpx

from gristmill.core.tls import trust_for
from gristmill.worker.papermill_import import without_unneeded

_MODULES = (
    "concurrent.futures.thread",
    "encodings.idna",
    "encodings.unicode_escape",
    "sqlite3",
    "ipykernel.kernelspec",  # jupyter_client asks it for the kernelspec of this interpreter
    "IPython.display",
    "gristmill.client.proof",
    "gristmill.notebooks.values",
    "gristmill.worker.attempt",
    "gristmill.worker.engine",
    "gristmill.worker.execution",
    "gristmill.worker.journal",
    "gristmill.worker.kernel",
    "gristmill.worker.main",
    "gristmill.worker.notebook_run",
    "gristmill.worker.outbox",
    "gristmill.worker.provenance",
    "gristmill.worker.spool",
)
_MINORS = (4, 5)  # of nbformat 4: what notebooks of the last years are in

with without_unneeded():  # whoever of these imports papermill or its libraries first
    for _name in _MODULES:
        import_module(_name)
    get_validator = import_module("nbformat.validator").get_validator

for _minor in _MINORS:
    for _relaxed in (False, True):  # as papermill and nbclient ask
        get_validator(4, _minor, relax_add_props=_relaxed)

# What httpx loads with the first client.
httpx.Client(verify=trust_for("http:")).close()
