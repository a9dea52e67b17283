"""`python -m gristmill_lab lab …` is `jupyter lab …`, `… singleuser …` is `jupyterhub-singleuser …`: started sooner.

jsonschema, which every Jupyter server imports, checks internationalised addresses by `rfc3987_syntax` where that is
installed, which builds a grammar for a second at its import. Nothing in Jupyter's schemas is such an address; without
that module jsonschema leaves them unchecked.
"""

import sys
from importlib import import_module

PROGRAMS = {"lab": "jupyterlab.labapp", "singleuser": "jupyterhub.singleuser"}


def main() -> None:
    program = PROGRAMS.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if program is None:
        sys.exit(f"expected one of {', '.join(PROGRAMS)}, then that program's own options; got {sys.argv[1:]}")
    del sys.argv[1]
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # how an import is told to fail
    import_module(program).main()


if __name__ == "__main__":
    main()
