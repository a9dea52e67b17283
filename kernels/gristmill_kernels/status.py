"""What the warm kernels of a home cost."""

from dataclasses import dataclass
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
    children: tuple[tuple[int, int], ...]  # pid and bytes of each living one


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
            children=tuple((child, pss(child)) for child in answer["children"]),
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
