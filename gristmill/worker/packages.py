"""What a kernel's own interpreter has: its packages, and the modules that they bring."""

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_TIMEOUT = 60.0

# Executed by the kernel's interpreter, which may be older than ours and lack everything but its standard library.
_LIST = """
import sys
sys.path[:] = [p for p in sys.path if p]
import json, os, platform
from importlib import machinery, metadata
found = {}
for one in metadata.distributions():
    name = one.metadata["Name"]
    if name:
        found.setdefault(name.lower().replace("_", "-"), one.version)
modules, opaque = set(sys.builtin_module_names) | set(getattr(sys, "stdlib_module_names", ())), False
for place in sys.path:
    try:
        entries = list(os.scandir(place))
    except OSError:
        opaque = opaque or os.path.exists(place)
        continue
    for entry in entries:
        stem = entry.name.split(".")[0]
        if stem.isidentifier() and (stem == entry.name or entry.name.endswith(tuple(machinery.all_suffixes()))):
            modules.add(stem)
for finder in sys.meta_path:
    kind = finder if isinstance(finder, type) else type(finder)
    mapping = [getattr(sys.modules.get(kind.__module__), "MAPPING", None), getattr(finder, "_redirections", None)]
    if any(isinstance(one, dict) for one in mapping):
        modules.update(name.split(".")[0] for one in mapping if isinstance(one, dict) for name in one)
    elif kind.__module__.split(".")[0] not in ("_frozen_importlib", "_frozen_importlib_external", "_distutils_hack",
                                               "_virtualenv", "importlib"):
        opaque = True
places = [p for p in sys.path if os.path.isdir(p)]
print(json.dumps({"python": platform.python_version(), "packages": found, "places": places,
                  "modules": sorted(modules), "opaque": opaque}))
"""


def installed(interpreter: str, cache: Path, *, scratch: Path) -> dict[str, Any] | None:
    """`{python, digest, packages: [name==version, …]}`, sorted; None where the interpreter does not say.

    No code of the user's is executed: not the working directory, nothing of `PYTHONPATH`. The answer is kept in
    `cache` for as long as the folders that packages are installed in stay unchanged.
    """
    known = inspected(interpreter, cache, scratch=scratch)
    return None if known is None else answer(known)


def inspected(interpreter: str, cache: Path, *, scratch: Path) -> dict[str, Any] | None:
    """The same as it was answered: `{python, packages: {name: version}, modules, opaque, stamps}`.

    `modules` are the names that an import may find; with `opaque` it may find others too. `stamps` are the folders
    that this holds for, and when each was last changed.
    """
    key = hashlib.sha256(interpreter.encode()).hexdigest()[:32]
    kept = cache / f"{key}.json"
    if (known := _read(kept)) is not None and known["stamps"] == _stamps(known["stamps"]):
        return known
    if (asked := _ask(interpreter, scratch)) is None:
        return None
    asked["stamps"] = _stamps([interpreter, *asked.pop("places")])
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = cache / f"{key}.{os.getpid()}.unfinished"
    unfinished.write_text(json.dumps(asked))
    unfinished.replace(kept)
    return asked


def interpreter_of(argv: Sequence[str], own: str) -> str | None:
    """The Python that a kernelspec's command starts; None where it is none, or hidden behind another command."""
    name = Path(argv[0]).name if argv else ""
    if not name.startswith("python"):
        return None
    # jupyter_client does the same: a bare "python" is the one that it runs in itself.
    return argv[0] if os.sep in argv[0] else own


def _ask(interpreter: str, scratch: Path) -> dict[str, Any] | None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))}
    try:
        done = subprocess.run(
            [interpreter, "-c", _LIST], cwd=scratch, env=environ, capture_output=True, timeout=_TIMEOUT, check=True
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer


def _read(path: Path) -> dict[str, Any] | None:
    try:
        known: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return known if {"python", "packages", "stamps", "modules"} <= known.keys() else None


def _stamps(places: Sequence[str] | Mapping[str, int]) -> dict[str, int]:
    """When each place was last changed; installing or removing a package changes its folder."""
    return {place: os.stat(place).st_mtime_ns for place in places if os.path.exists(place)}  # noqa: PTH110, PTH116  # hot


def answer(known: Mapping[str, Any]) -> dict[str, Any]:
    """Python, digest and packages of what was answered."""
    packages = sorted(f"{name}=={version}" for name, version in known["packages"].items())
    digest = "sha256:" + hashlib.sha256("\n".join(packages).encode()).hexdigest()
    return {"python": known["python"], "digest": digest, "packages": packages}
