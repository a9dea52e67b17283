"""A forked kernel and an ordinary one cannot be told apart by what they find around them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.kernels.started import StartedKernel

Start = Callable[..., StartedKernel]

FACTS = """
import asyncio, atexit, gc, locale, logging, os, resource, signal, sys, tempfile, threading, time
def target(descriptor):
    try: return os.readlink(f"/proc/self/fd/{descriptor}").split(":")[0]
    except OSError: return None
facts = dict(
    argv=[part.rpartition("/")[2] for part in sys.argv],
    orig_argv=[part.rpartition("/")[2] for part in sys.orig_argv],
    path=sys.path, prefix=sys.prefix, executable=sys.executable, flags=str(sys.flags), cwd=os.getcwd(),
    main=__name__, main_module=sys.modules["__main__"].__dict__ is globals(), loader=str(globals().get("__spec__")),
    leader=os.getsid(0) == os.getpid() == os.getpgid(0),
    umask=os.umask(0o022), groups=os.getgroups(), nice=os.nice(0), cpus=sorted(os.sched_getaffinity(0)),
    limits=[resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")],
    signals={int(one): str(signal.getsignal(one)).split(" at ")[0] for one in signal.valid_signals()},
    mask=list(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))),
    files=sorted(filter(None, map(target, os.listdir("/proc/self/fd")))),
    out=[type(sys.stdout).__name__, type(sys.__stdout__).__name__, sys.__stdout__.encoding, sys.__stdout__.name],
    err=[type(sys.stderr).__name__, sys.__stderr__.errors, sys.__stderr__.line_buffering, sys.__stderr__.mode],
    stdin=[type(sys.stdin).__name__, sys.__stdin__.name, sys.__stdin__.encoding, sys.__stdin__.buffer.read()],
    root=[type(one).__name__ for one in logging.getLogger().handlers],
    level=logging.getLogger().level, hooks=str(sys.excepthook).split(" at ")[0],
    main_thread=threading.main_thread().name, current=threading.current_thread() is threading.main_thread(),
    gc=[gc.isenabled(), gc.get_threshold()], locale=locale.getlocale(), zone=time.tzname, temp=tempfile.gettempdir(),
    history=get_ipython().history_manager.hist_file,
)
os.umask(facts["umask"])
facts
"""


def test_what_it_finds_around_it_is_the_same(warm_home: Path, start_kernel: Start) -> None:
    environ = {"TZ": "Asia/Tokyo", "PYTHONPATH": f"{warm_home}/some:relative", "GRISTMILL_SAID": "this"}
    cold, warm = start_kernel(cold=True, environ=environ), start_kernel(environ=environ)
    assert (cold.is_forked, warm.is_forked) == (False, True)
    expected, found = cold.facts(FACTS), warm.facts(FACTS)
    for places in (expected["path"], found["path"]):  # the folder that each of them is in
        places[:] = ["here/" + place.rpartition("/")[2] if "/k" in place else place for place in places]
    expected.pop("cwd"), found.pop("cwd")
    differing = {name: (expected[name], found[name]) for name in expected if expected[name] != found[name]}
    # Pages of the zygote's own libraries aside, the one file more is the pidfd of its owner.
    files = differing.pop("files", None)
    assert differing == {}
    if files:
        ordinary, forked = map(list, files)
        for name in ordinary:
            forked.remove(name)
        assert forked == ["anon_inode"]


def test_its_environment_is_what_was_asked_for_and_nothing_else(warm_home: Path, start_kernel: Start) -> None:
    def environ_of(kernel: StartedKernel) -> dict[str, str]:
        """After imports: scikit-learn and MLflow leave something for others in there, once imported."""
        found: dict[str, str] = kernel.facts("import os, sklearn.ensemble, mlflow\ndict(os.environ)")
        return {name: "" if name.startswith("_MLFLOW") else value for name, value in found.items()}

    asked = {"A_NAME": "a value", "OPENBLAS_NUM_THREADS": "1", "TMPDIR": "/tmp"}  # noqa: S108  # only named
    cold, warm = start_kernel(cold=True, environ=asked), start_kernel(environ=asked)
    assert warm.is_forked
    assert environ_of(warm) == environ_of(cold)
    native = warm.run("import subprocess; print(subprocess.run(['env'], capture_output=True, text=True).stdout)")
    assert "A_NAME=a value\n" in native
    assert "PADDING" not in native


def test_what_others_see_of_it_is_its_own(warm_home: Path, start_kernel: Start) -> None:
    """Its environment in /proc carries the marks by which the platform finds it; so do its arguments."""
    kernel = start_kernel(environ={"GRISTMILL_ATTEMPT": "attempt_of_this", "LONG": "x" * 20_000, "MORE": "y" * 20_000})
    assert kernel.is_forked
    shown = psutil.Process(kernel.pid)
    assert shown.environ()["GRISTMILL_ATTEMPT"] == "attempt_of_this"
    assert "GRISTMILL_ZYGOTE_PADDING" not in shown.environ()
    arguments = [argument for argument in shown.cmdline() if argument]
    assert arguments[1:4] == ["-m", "ipykernel_launcher", "-f"]
    child = kernel.facts(
        "import subprocess, sys\n"
        "program = \"import os; print(open('/proc/self/environ').read().count('attempt_of_this'))\"\n"
        "subprocess.run([sys.executable, '-c', program], capture_output=True, text=True).stdout"
    )
    assert child.strip() == "1"


def test_a_module_beside_the_notebook_goes_before_an_installed_one(
    warm_home: Path, start_kernel: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "pandas.py").write_text("NAME = 'mine'")
    kernel = start_kernel(folder=folder)
    assert not kernel.is_forked
    assert kernel.run("import pandas; print(pandas.NAME)") == "mine\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTHONHASHSEED", "7"),
        ("LD_PRELOAD", ""),
        ("OMP_PROC_BIND", "true"),
        ("LC_ALL", "C.UTF-8"),
        ("DO_NOT_TRACK", "true"),
    ],
)
def test_what_is_read_at_a_start_alone_asks_for_another_zygote(
    warm_home: Path, start_kernel: Start, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gristmill_kernels.starting.start", lambda *_, **__: False)  # none is to be started here
    kernel = start_kernel(environ={name: value})
    assert not kernel.is_forked
    assert kernel.facts(f"import os\nos.environ[{name!r}]") == value


def test_two_kernels_of_one_zygote_draw_different_numbers(warm_home: Path, start_kernel: Start) -> None:
    code = (
        "import os, random, secrets, tempfile, uuid, numpy, multiprocessing, ssl, sklearn.utils\n"
        "draws = [random.random(), numpy.random.rand(), float(numpy.random.default_rng().random())]\n"
        "draws += [str(uuid.uuid4()), str(uuid.uuid1()), tempfile.mktemp(), ssl.RAND_bytes(8).hex()]\n"
        "draws += [secrets.token_hex(), sklearn.utils.check_random_state(None).rand()]\n"
        "draws += [bytes(multiprocessing.current_process().authkey).hex()]\n"
        "draws"
    )
    first, second = start_kernel(), start_kernel()
    assert first.is_forked
    assert second.is_forked
    one, other = first.facts(code), second.facts(code)
    assert [a for a, b in zip(one, other, strict=True) if a == b] == []


def test_text_of_libraries_goes_to_the_notebook(warm_home: Path, start_kernel: Start) -> None:
    """Handlers that were made while the zygote imported write to the kernel's streams."""
    kernel = start_kernel()
    heard: list[Any] = []
    kernel.client.execute_interactive(
        "import mlflow, logging, os\nlogging.getLogger('mlflow').warning('from mlflow')\nos.system('echo native')",
        timeout=60,
        output_hook=lambda message: heard.append(message["content"].get("text", "")),
    )
    assert "from mlflow" in "".join(heard)
    while "native" not in "".join(heard):  # a thread of the kernel's reads it: it may come after the cell's end
        heard.append(kernel.client.get_iopub_msg(timeout=60)["content"].get("text", ""))


SETTINGS = """
import logging, warnings
import matplotlib.pyplot, mlflow, numpy, pandas, sklearn.ensemble, xgboost
found = {f"pandas {name}": str(pandas.get_option(name)) for name in pandas._config.config._registered_options}
found |= {f"default {name}": str(one.defval) for name, one in pandas._config.config._registered_options.items()}
found |= {f"matplotlib {name}": str(value) for name, value in matplotlib.rcParams.items()}
found |= {f"numpy {name}": str(value) for name, value in numpy.get_printoptions().items()}
found |= {"sklearn": str(sklearn.get_config()), "xgboost": str(xgboost.get_config())}
found |= {"warnings": str(sorted(map(str, warnings.filters))), "errors": str(numpy.geterr())}
known = {name: one for name, one in logging.root.manager.loggerDict.items() if isinstance(one, logging.Logger)}
told = lambda one: (one.level, one.disabled, one.propagate, [type(handler).__name__ for handler in one.handlers])
found |= {f"logger {name}": str(told(one)) for name, one in known.items()}
{name: value.lower() for name, value in found.items()}
"""


def test_libraries_that_a_zygote_has_imported_are_set_as_in_an_ordinary_kernel(
    warm_home: Path, start_kernel: Start
) -> None:
    """Some ask while they are imported whether they are in a notebook: pandas shows twenty columns at most there."""
    cold, warm = start_kernel(cold=True), start_kernel()
    assert (cold.is_forked, warm.is_forked) == (False, True)
    expected, found = cold.facts(SETTINGS), warm.facts(SETTINGS)
    assert expected["pandas display.max_columns"] == "20"
    assert {name: (expected[name], found[name]) for name in expected if expected[name] != found[name]} == {}


def test_a_first_traceback_finds_which_file_each_module_is_from(warm_home: Path, start_kernel: Start) -> None:
    kernel = start_kernel()
    assert kernel.is_forked
    known = "import inspect, pandas, sklearn\n[inspect.modulesbyfile.get(one.__file__) for one in (pandas, sklearn)]"
    assert kernel.facts(known) == ["pandas", "sklearn"]


def test_a_plot_is_shown_inline(warm_home: Path, start_kernel: Start) -> None:
    kernel = start_kernel()
    shown: list[str] = []
    kernel.client.execute_interactive(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()",
        timeout=60,
        output_hook=lambda message: shown.extend(message["content"].get("data", ())),
    )
    assert "image/png" in shown
    assert kernel.facts("import matplotlib\nmatplotlib.get_backend()").endswith("inline")
