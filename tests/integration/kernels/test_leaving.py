"""What a notebook leaves to the end of its kernel happens in a forked one as in an ordinary one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.kernels.started import StartedKernel

Start = Callable[..., StartedKernel]

# Each leaves "done" in the file `left`.
LEFT = {
    "a file that was not closed": "file = open('left', 'w'); file.write('done')",
    "one that an inherited module holds": "import pandas; pandas.held = open('left', 'w'); pandas.held.write('done')",
    "an object's finalizer": """
class Last:
    def __del__(self, write=open):
        with write('left', 'w') as file:
            file.write('done')
last = Last()
""",
    "a module's finalizer": """
from pathlib import Path
Path('beside.py').write_text('''
class Last:
    def __del__(self, write=open):
        with write('left', 'w') as file:
            file.write('done')
last = Last()
''')
import sys; sys.path.insert(0, '.')
import beside
import pandas; pandas.held = beside
""",
    "weakref.finalize": """
import weakref
class Thing: pass
thing = Thing()
finalizer = weakref.finalize(thing, lambda: open('left', 'w').write('done'))
""",
    "an exit hook": "import atexit; atexit.register(lambda: open('left', 'w').write('done'))",
    "a thread": """
import threading, time
def work():
    time.sleep(0.5)
    with open('left', 'w') as file:
        file.write('done')
threading.Thread(target=work).start()
""",
    "C's own buffer": """
import ctypes
c = ctypes.CDLL(None)
c.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(c.fopen(b'left', b'w'))
c.fputs(b'done', file)
""",
    "a database": """
import sqlite3
from pathlib import Path
database = sqlite3.connect('left.db')
database.execute('create table t (word text)')
database.execute("insert into t values ('done')")
database.commit()
Path('left').write_text(database.execute('select word from t').fetchone()[0])
""",
    "beside a daemon thread that goes on": """
import threading
def work():
    while True:
        sum(range(1000))
threading.Thread(target=work, daemon=True).start()
file = open('left', 'w'); file.write('done')
""",
}


@pytest.mark.parametrize("name", LEFT)
def test_nothing_that_a_notebook_leaves_is_lost(
    warm_home: Path, start_kernel: Start, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    kernel = start_kernel(folder=folder)
    assert kernel.is_forked
    kernel.run(LEFT[name])
    kernel.shut_down()
    assert (folder / "left").read_text() == "done"


def test_its_status_and_its_last_words_are_an_ordinary_ones(
    warm_home: Path, start_kernel: Start, tmp_path: Path
) -> None:
    """At its end nothing is said that an ordinary kernel would not say."""
    with (tmp_path / "said").open("wb") as said:
        kernel = start_kernel(stdout=said, stderr=said)
        assert kernel.is_forked
        kernel.run("import pandas, sklearn.linear_model, mlflow, logging; logging.getLogger().warning('here')")
        assert kernel.shut_down() == 0
    assert "Traceback" not in (tmp_path / "said").read_text()
