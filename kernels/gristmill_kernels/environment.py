"""What makes two kernels interchangeable before their first line: one zygote serves those with the same key."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gristmill_kernels.zygote.thread_pools import PINNED

# Read once, when an interpreter or a library starts: another value needs another zygote. Whatever is not named here is
# simply set in the child.
_AT_START = (
    "ARROW_",
    "BLIS_",
    "DYLD_",
    "GLIBC_",
    "GOMP_",
    "IPYTHON",
    "JE_",
    "JOBLIB_",
    "JUPYTER_",
    "KMP_",
    "LC_",
    "LD_",
    "MALLOC_",
    "MATPLOTLIBRC",
    "MKL_",
    "MPLCONFIGDIR",
    "NPY_",
    "NUMEXPR_",
    "OMP_",
    "OPENBLAS_",
    "PYDEVD_",
    "PYTHON",
    "TQDM_",
    "XDG_C",  # _CACHE_HOME, _CONFIG_HOME, _CONFIG_DIRS
    "XDG_DATA_",
)
_AT_START_AS_NAMED = {
    "LANG",  # more begins so, keys to services among it
    "LANGUAGE",
    # MLflow decides by these, while it is imported, whether it reports about its user.
    "CI",
    "DO_NOT_TRACK",
    "MLFLOW_DISABLE_TELEMETRY",
}
# PYTHONPATH is put in front after the fork; the size of a pool is set then. A token is its own kernel's.
_NOT_AT_START = {
    "JUPYTER_RUNTIME_DIR",
    "JUPYTER_TOKEN",
    "PYTHONPATH",
    "PYTHONEXECUTABLE",
    *(set(PINNED) - {"JE_ARROW_MALLOC_CONF"}),
}
_PLAIN = ("HOME", "LOGNAME", "PATH", "SHELL", "TMPDIR", "USER")
CODE = Path(__file__).parent / "zygote"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """`interpreter` is the path as it is called: a virtual environment's is a link, and not where the link goes."""

    interpreter: str
    flags: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    purpose: str = "kernels"

    @property
    def key(self) -> str:
        facts = [self.interpreter, os.path.realpath(self.interpreter), *self.flags, self.purpose, *_surroundings()]
        text = json.dumps([facts, self.variables, _code_digest()])
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    @property
    def used_key(self) -> str:
        """Of what its notebooks import, which outlives a change of variables."""
        return hashlib.sha256(self.interpreter.encode()).hexdigest()[:20]


def environment_of(
    interpreter: str, flags: Sequence[str], environ: Mapping[str, str], purpose: str = "kernels"
) -> Environment:
    variables = {name: value for name, value in environ.items() if _is_read_at_start(name)}
    if "HOME" in environ:
        variables["HOME"] = environ["HOME"]
    return Environment(
        interpreter=interpreter, flags=tuple(flags), variables=tuple(sorted(variables.items())), purpose=purpose
    )


def _is_read_at_start(name: str) -> bool:
    return name in _AT_START_AS_NAMED or (name.startswith(_AT_START) and name not in _NOT_AT_START)


def starting_environ(environment: Environment, environ: Mapping[str, str]) -> dict[str, str]:
    """What the zygote itself is started with: no credential, no mark of a run, pools of one thread."""
    plain = {name: environ[name] for name in _PLAIN if name in environ}
    return {**plain, **dict(environment.variables), **PINNED}


def _surroundings() -> list[str]:
    """A child lives in its zygote's namespaces and control group, so they have to be those of who asks for it."""
    spaces = [str(Path(f"/proc/self/ns/{name}").readlink()) for name in ("mnt", "net", "pid", "user", "ipc")]
    return [*spaces, Path("/proc/self/cgroup").read_text(), str(os.getuid())]


@cache
def _code_digest() -> str:
    """After an upgrade of Gristmill its old zygotes serve nobody any more."""
    digest = hashlib.sha256()
    for file in sorted(CODE.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
