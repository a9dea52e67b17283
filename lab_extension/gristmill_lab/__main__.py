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
# What each of our servers loads anyway.
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
    if sys.argv[1:] == ["--ahead"]:
        load_ahead(program)
        told = sys.stdin.read()  # what `_become` is called with, as JSON
        if not told:
            return
        _become(**json.loads(told))
    import_module(program).main()


def load_ahead(program: str) -> None:
    """The module of the program, and what it would load later."""
    for name in (program, *LOADED_AHEAD):
        import_module(name)


def _become(*, arguments: list[str], environ: dict[str, str], folder: str) -> None:
    """As if this process, whose other variables are those of the server, had been started so."""
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.environ.update(environ)
    Path(folder).mkdir(parents=True, exist_ok=True)  # it may have been removed meanwhile
    os.chdir(folder)
    sys.argv[1:] = arguments


if __name__ == "__main__":
    main()
