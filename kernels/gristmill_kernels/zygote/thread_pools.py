"""Thread pools: one thread each in the zygote, what the environment asks for in its children.

A pool of OpenBLAS or MKL is sized when its library is loaded, OpenMP's limit is read then; neither looks at the
environment again. Each has a function for it, which is called in the libraries that are loaded.
"""

from __future__ import annotations

import ctypes
import os
import sys

# With these a zygote is started. jemalloc inside pyarrow would start a thread of its own.
PINNED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "BLIS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}

# A part of the library's name, the variable that sizes it, the functions that do (names differ by how it was built).
_LIBRARIES = (
    (
        "openblas",
        "OPENBLAS_NUM_THREADS",
        (
            "openblas_set_num_threads",
            "openblas_set_num_threads64_",
            "scipy_openblas_set_num_threads",
            "scipy_openblas_set_num_threads64_",
        ),
    ),
    ("libgomp", "OMP_NUM_THREADS", ("omp_set_num_threads",)),
    ("libomp", "OMP_NUM_THREADS", ("omp_set_num_threads",)),
    ("libiomp", "OMP_NUM_THREADS", ("omp_set_num_threads",)),
    ("mkl_rt", "MKL_NUM_THREADS", ("MKL_Set_Num_Threads",)),
    ("libblis", "BLIS_NUM_THREADS", ("bli_thread_set_num_threads",)),
)


def resize() -> None:
    """Every loaded pool as large as `os.environ` says, or as the CPUs that this process may use."""
    for path in _loaded():
        name = os.path.basename(path)  # strings from /proc
        for part, variable, functions in _LIBRARIES:
            if part in name:
                _call(path, functions, _asked(variable))
    if "numexpr" in sys.modules:
        sys.modules["numexpr"].set_num_threads(_asked("NUMEXPR_NUM_THREADS"))


def _asked(variable: str) -> int:
    for name in (variable, "OMP_NUM_THREADS"):
        first = os.environ.get(name, "").split(",")[0].strip()
        if first.isdigit() and int(first) > 0:
            return int(first)
    return max(1, len(os.sched_getaffinity(0)))


def _loaded() -> list[str]:
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:  # no pathlib here
        lines = (line.split(maxsplit=5) for line in maps)
        return sorted({line[5].rstrip("\n") for line in lines if len(line) == 6 and ".so" in line[5]})


def _call(path: str, functions: tuple[str, ...], threads: int) -> None:
    try:
        library = ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
    except OSError:
        return  # mapped, and replaced on disk since
    for function in functions:
        if hasattr(library, function):
            getattr(library, function)(ctypes.c_int(threads))
