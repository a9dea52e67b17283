"""How often the kernel of this system has killed a process of this control group for want of memory (cgroup v2)."""

from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def count_memory_kills(root: Path = _ROOT, own: Path = _OWN) -> int | None:
    """`oom_kill` of this process's control group; None where it cannot be read."""
    try:
        place = own.read_text().strip().splitlines()[-1].rpartition(":")[2]
        events = (root / place.lstrip("/") / "memory.events").read_text()
    except (OSError, IndexError):
        return None
    counts = dict(line.split(maxsplit=1) for line in events.splitlines() if " " in line)
    return int(counts["oom_kill"]) if "oom_kill" in counts else None
