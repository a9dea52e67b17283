"""Prints what an interpreter has, as JSON: `python -m gristmill.worker.environments.asking CACHE path|kernel WHAT`.

A process of its own: the control plane asks before it takes a run in, and opens nothing of a user's itself.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from gristmill.core.errors import GristmillError
from gristmill.environments.model import Inspected
from gristmill.worker.packages import answer, inspected, interpreter_of


def main() -> int:
    cache, kind, what = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    try:
        interpreter, stamped, added = _of_kernel(what) if kind == "kernel" else (python_of(Path(what)), [], "")
    except GristmillError as error:
        return _say(Inspected(fault=error.message), {})
    with tempfile.TemporaryDirectory(prefix="gristmill-") as scratch:
        known = inspected(interpreter, cache, scratch=Path(scratch))
    if known is None:
        return _say(Inspected(fault=f"{interpreter} does not answer as a Python does"), {})
    found = answer(known)
    more = _added([*dict(os.environ).get("PYTHONPATH", "").split(os.pathsep), *added.split(os.pathsep)])
    return _say(
        Inspected(
            interpreter=interpreter,
            python=found["python"],
            digest=found["digest"],
            packages=tuple(found["packages"]),
            modules=(*known["modules"], *(name for names in more.values() for name in names)),
            opaque=bool(known["opaque"]),
        ),
        {**known["stamps"], **{str(path): path.stat().st_mtime_ns for path in (*stamped, *more)}},
    )


def python_of(path: Path) -> str:
    """The interpreter at a path, or of the virtual or conda environment there.

    Raises:
        GristmillError: there is none.
    """
    if path.is_dir():
        found = next((path / name for name in ("bin/python", "bin/python3", "python") if (path / name).exists()), None)
        if found is None:
            raise GristmillError("it holds no bin/python: expected a virtual or conda environment")
        return str(found)
    if not path.is_file() or not os.access(path, os.X_OK):
        raise GristmillError("there is no such program: expected an environment's folder, or its bin/python")
    return str(path)


def _of_kernel(name: str) -> tuple[str, list[Path], str]:
    """Its interpreter, the files that say so, and what it adds to the import path."""
    from gristmill.worker.kernel import find_kernelspec

    spec = find_kernelspec(name)
    interpreter = interpreter_of(spec.argv, sys.executable)
    if interpreter is None:
        raise GristmillError(f"its kernelspec starts {spec.argv[0]!r}: expected a Python")
    files = [path for path in (Path(spec.resource_dir), Path(spec.resource_dir, "kernel.json")) if path.exists()]
    return interpreter, files, str(spec.env.get("PYTHONPATH", ""))


def _added(places: Iterable[str]) -> dict[Path, list[str]]:
    """What lies in the folders that kernels are told to look in too; the working directory is not one of them."""
    folders = [Path(place) for place in dict.fromkeys(places) if place and Path(place).is_dir()]
    return {folder: [entry.name.split(".")[0] for entry in folder.iterdir()] for folder in folders}


def _say(found: Inspected, stamps: dict[str, Any]) -> int:
    sys.stdout.buffer.write(msgspec.json.encode({"inspected": found, "stamps": stamps}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
