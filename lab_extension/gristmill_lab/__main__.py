"""`python -m gristmill_lab lab …` is `jupyter lab …`, `… singleuser …` is `jupyterhub-singleuser …`: started sooner.

jsonschema, which every Jupyter server imports, checks internationalised addresses by `rfc3987_syntax` where that is
installed, which builds a grammar for a second at its import. Nothing in Jupyter's schemas is such an address; without
that module jsonschema leaves them unchecked.

With `--ahead` alone it loads the program, and is it once it is told how on its standard input, or ends with that.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

PROGRAMS = {"lab": "jupyterlab.labapp", "singleuser": "jupyterhub.singleuser"}
# What each of our servers loads anyway, and of what none asks at its import whose server it is in.
LOADED_AHEAD = (
    *("gristmill_lab.extension", "jupyter_lsp.serverextension", "jupyter_server_terminals.app", "jupyterlab.labapp"),
    *("nbdime.webapp.nb_server_extension", "voila.server_extension"),
)


def main() -> None:
    program = PROGRAMS.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if program is None:
        sys.exit(f"expected one of {', '.join(PROGRAMS)}, then that program's own options; got {sys.argv[1:]}")
    del sys.argv[1]
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # how an import is told to fail
    module = import_module(program)
    if sys.argv[1:] == ["--ahead"] and not _is_told():
        return
    module.main()


def _is_told() -> bool:
    """Waits for what the program is to be called with: `arguments`, `environ` and `folder`, as JSON."""
    for name in LOADED_AHEAD:
        import_module(name)
    told = json.loads(sys.stdin.read() or "null")
    if told is None:
        return False
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # nobody writes to it any more
    os.environ.clear()
    os.environ.update(told["environ"])
    folder = Path(told["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    sys.argv[1:] = told["arguments"]
    return True


if __name__ == "__main__":
    main()
