"""What the warm kernels of a home cost; as JSON by `python -m gristmill_kernels.status HOME`."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from gristmill_kernels.place import places


@dataclass(frozen=True, kw_only=True)
class ZygoteStatus:
    """Bytes are proportional set sizes: memory shared with others counts in parts (proc(5), `smaps_rollup`)."""

    pid: int
    python: str
    imported: tuple[str, ...]
    forked: int  # since it was started
    quiet_for: float  # seconds
    pss: int
    children: tuple[tuple[int, int], ...]  # pid of each living one, and bytes of it and all below it


def zygotes(home: Path) -> tuple[ZygoteStatus, ...]:
    """Those that answer, by their environments' keys; for `gristmill doctor`."""
    answers = [answer for place in places(home) if (answer := place.ask("status"))]
    return tuple(
        ZygoteStatus(
            pid=answer["pid"],
            python=answer["python"],
            imported=tuple(answer["imported"]),
            forked=answer["forked"],
            quiet_for=answer["quiet_for"],
            pss=pss(answer["pid"]),
            children=tuple((child, sum(map(pss, with_all_below(child)))) for child in answer["children"]),
        )
        for answer in answers
    )


def pss(pid: int) -> int:
    """0 for a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def with_all_below(pid: int) -> list[int]:
    """A kernel is its keeper's child, and may have children of its own."""
    found = [pid]
    for parent in found:
        found += _children(parent)
    return found


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in _listed(task)]
    except OSError:
        return []  # it is gone


def _listed(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except OSError:
        return []  # that thread is gone


def main() -> int:
    json.dump([asdict(one) for one in zygotes(Path(sys.argv[1]))], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
