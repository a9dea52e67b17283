"""As many seeds as are asked for: `python -m tests.integration.faults.kills --seeds 1-300`.

Odd seeds are played in a scene where everything starts cold. Each is said when it is through; one that broke a promise
with its plan and its timeline. Its scene is kept then, and the next seed has another one. Ends with 1 if any did.
`--postgres` keeps the rows of every scene in a database of its own, on a server that is started for it.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tests import postgres
from tests.integration.faults.harness import Verdict, play
from tests.integration.faults.kill_points import INSIDE, OUTSIDE, draw
from tests.integration.faults.scene import Scene, surroundings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.integration.faults.kills", description=__doc__)
    parser.add_argument("--seeds", required=True, type=_seeds, help="as 7 or 1-300")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="none is begun after so many")
    parser.add_argument("--each", type=int, default=25, help="how many share a scene, one after the other")
    parser.add_argument("--postgres", action="store_true", help="rows are kept in a PostgreSQL, not in SQLite")
    parser.add_argument("--plan", action="store_true", help="say what the seeds have drawn, and kill nothing")
    options = parser.parse_args(arguments)
    if options.plan:
        _say(*(draw(seed, cold=_is_cold(seed)) for seed in options.seeds))
        return 0
    with _server() if options.postgres else nullcontext() as server:
        until = time.monotonic() + options.minutes * 60
        verdicts = list(_play_all(options.seeds, options.each, until, server))
    return _sum_up(verdicts)


@contextmanager
def _server() -> Iterator[postgres.Postgres]:
    found = postgres.programs()
    if found is None:
        sys.exit("PostgreSQL's server is not installed (Debian and Ubuntu: apt-get install postgresql)")
    with postgres.server(found) as server:
        server.make_template()
        yield server


def _play_all(seeds: Sequence[int], each: int, until: float, server: postgres.Postgres | None) -> Iterator[Verdict]:
    left = deque(sorted(seeds, key=lambda seed: (seed // (2 * each), _is_cold(seed), seed)))
    while left and time.monotonic() < until:
        folder = Path(tempfile.mkdtemp(prefix="kills-"))
        database = server.address(server.create(postgres.TEMPLATE)) if server is not None else None
        scene = Scene(folder, cold=_is_cold(left[0]), database=database)
        verdict = None
        with surroundings(scene):
            scene.prepare()
            try:
                while left and _is_cold(left[0]) is scene.cold and time.monotonic() < until:
                    verdict = play(scene, left.popleft())
                    _say(verdict)
                    yield verdict
                    if not verdict.good:
                        _say(f"kept: {folder}")
                        break
            finally:
                scene.stop()
        if verdict is None or verdict.good:
            shutil.rmtree(folder)


def _sum_up(verdicts: Sequence[Verdict]) -> int:
    struck = Counter(name for verdict in verdicts for name in verdict.struck)
    names = [point.name for point in OUTSIDE] + [point.name for point in INSIDE]
    _say(*(f"{struck[name]:5}  {name}" for name in names))
    bad = [verdict.plan.seed for verdict in verdicts if not verdict.good]
    _say(f"{len(verdicts)} seeds, {struck.total()} kills, {len(bad)} seeds broke a promise: {bad}")
    return 1 if bad else 0


def _is_cold(seed: int) -> bool:
    return seed % 2 == 1


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _say(*lines: object) -> None:
    for line in lines:
        print(line, file=sys.stdout, flush=True)  # noqa: T201  # a command


if __name__ == "__main__":
    sys.exit(main())
