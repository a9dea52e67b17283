"""`python .../zygote/__main__.py FOLDER LOCK_FD PADDING`: imports, then forks on request until nobody asks any more.
With `--wait SOCKET_FD`: imports, then becomes one kernel itself.

The package is loaded by its place and under a name of its own: no folder of Gristmill's comes onto `sys.path`, where
its neighbours would shadow the environment's own packages.
"""

import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))  # pathlib is not to be loaded for this
_NAME = "gristmill_zygote"


def _load() -> None:
    # A script's folder is put first by the interpreter, unless PYTHONSAFEPATH says otherwise.
    sys.path[:] = [place for place in sys.path if place != _HERE]
    place = os.path.join(_HERE, "__init__.py")  # as above
    spec = importlib.util.spec_from_file_location(_NAME, place, submodule_search_locations=[_HERE])
    if spec is None or spec.loader is None:
        raise ImportError(f"nothing to load at {place}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    _load()
    life = "waiting" if sys.argv[1] == "--wait" else "main"
    importlib.import_module(f"{_NAME}.{life}").main(sys.argv[1], int(sys.argv[2]))
