"""What a data root of 2 GB costs a run. Run it with `python -m tests.bench.data_roots`; it prints a table.

The file is real, not sparse, and lies on the disk that TMPDIR is on. Each row is the median of its rounds. "page cache
warm" means that the file was read just before; nothing is dropped from the cache on purpose.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gristmill.worker.data_roots.binders.symlink import SymlinkBinder
from gristmill.worker.data_roots.digest_cache import DigestCache
from gristmill.worker.data_roots.digests import content_digest, stat_digest
from gristmill.worker.data_roots.listing import list_local

SIZE = 2 * 10**9
ROUNDS = 5
LONG_AGO = 1_600_000_000
GRISTMILL = Path(sys.executable).with_name("gristmill")


def median(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        data = written(top / "project/data/big.csv")
        rows = [*parts(data, top), *runs(top)]
    width = max(len(name) for name, _ in rows)
    for name, seconds in rows:
        sys.stdout.write(f"{name:<{width}}  {seconds * 1000:10.1f} ms\n")


def written(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    block = os.urandom(2**20)
    with path.open("wb") as file:
        for number in range(SIZE // len(block)):
            file.write(number.to_bytes(8) + block[8:])
        file.write(block[: SIZE % len(block)])
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def parts(data: Path, top: Path) -> list[tuple[str, float]]:
    """What the worker does of it, each by itself."""
    listing = list_local(data)
    caches = iter(range(1000))

    def fresh() -> DigestCache:
        return DigestCache(top / "caches" / str(next(caches)), str(data))

    def bind() -> None:
        place = top / "places" / str(next(caches))
        place.parent.mkdir(exist_ok=True)
        list_local(data)
        SymlinkBinder().bind(listing, place)

    content_digest(listing, fresh(), lambda: False)
    kept = top / "kept"
    content_digest(listing, DigestCache(kept, str(data)), lambda: False)
    return [
        ("listing and link", median(bind)),
        ("digest by stat", median(lambda: stat_digest(listing))),
        ("digest by content, page cache warm", median(lambda: content_digest(listing, fresh(), lambda: False))),
        (
            "digest by content, read before",
            median(lambda: content_digest(listing, DigestCache(kept, str(data)), lambda: False)),
        ),
    ]


def runs(top: Path) -> list[tuple[str, float]]:
    """Whole runs of a notebook with one empty cell: from the start of the command to its end."""
    project = top / "project"
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "c",
        "metadata": {},
        "source": "1",
        "outputs": [],
        "execution_count": None,
    }
    spec = {"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": spec, "cells": [cell]}
    (project / "work.ipynb").write_text(json.dumps(content))
    environ = {**os.environ, "GRISTMILL_HOME": str(top / "home")}

    def gristmill(*arguments: str) -> str:
        done = subprocess.run(
            [GRISTMILL, *arguments], cwd=project, env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout

    def run() -> None:
        gristmill("run", "work.ipynb", "--json")

    marked = {
        "none": "# no data\n",
        "by stat": "data:\n  big: {source: data/big.csv, digest: stat}\n",
        "by content, read before": "data:\n  big: {source: data/big.csv, digest: content}\n",
    }
    took: dict[str, list[float]] = {name: [] for name in marked}
    first = 0.0
    try:
        for number in range(ROUNDS + 1):  # in turn, so that a busy machine is as hard on one as on the other
            for name, text in marked.items():
                (project / "gristmill.yaml").write_text(text)
                seconds = median(run, 1)
                if number:  # the first ones also start the control plane, MLflow, zygotes
                    took[name].append(seconds)
        os.utime(project / "data/big.csv", (LONG_AGO + 1, LONG_AGO + 1))
        first = median(run, 1)
    finally:
        gristmill("server", "stop", "--all")
    rows = [(f"gristmill run, data: {name}", statistics.median(seconds)) for name, seconds in took.items()]
    return [*rows, ("gristmill run, data: by content, not read before", first)]


if __name__ == "__main__":
    main()
