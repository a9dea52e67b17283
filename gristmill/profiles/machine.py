"""What this machine has, less what it withholds from us: affinity, cgroups, devices that were not handed in."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
_SECONDS = 10.0
_UNLIMITED = 2**60  # cgroup v1 says "no limit" with a number near 2**63


@dataclass(frozen=True, kw_only=True)
class Machine:
    """`cpu` in cores, `memory` in bytes, `accelerators` by name, one for each device."""

    cpu: float
    memory: int
    accelerators: tuple[str, ...] = ()


def read_machine(root: Path = ROOT) -> Machine:
    """The machine that this process runs on; `root` is where `proc`, `sys` and `dev` lie, on Linux."""
    groups = list(_cgroups(root))
    return Machine(
        cpu=min([_cores(), *_values(groups, _cpu_quota)]),
        memory=int(min([_physical_memory(root), *_values(groups, _memory_limit)])),
        accelerators=_nvidia(root),
    )


def _cores() -> float:
    if hasattr(os, "sched_getaffinity"):
        return float(len(os.sched_getaffinity(0)))
    return float(os.cpu_count() or 1)  # not on Linux


def _physical_memory(root: Path) -> float:
    found = re.search(r"^MemTotal:\s+(\d+) kB", _text(root / "proc" / "meminfo"), re.MULTILINE)
    if found:
        return int(found[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")  # not on Linux


def _cgroups(root: Path) -> Iterator[Path]:
    """The folders of this process's control groups and of those above them, of version 2 and of version 1."""
    base = root / "sys" / "fs" / "cgroup"
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        tops = [base] if not controllers else [base / name for name in (controllers, *controllers.split(","))]
        for top in tops:
            place = top / path.lstrip("/")
            yield place
            # In a container the path is the host's, and the group itself is mounted at the top.
            yield from (above for above in place.parents if above.is_relative_to(top))


def _values(groups: list[Path], read: Callable[[Path], float | None]) -> Iterator[float]:
    return (value for group in groups if (value := read(group)) is not None)


def _cpu_quota(group: Path) -> float | None:
    """https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files and, of version 1, sched-bwc."""
    quota, period = (*_text(group / "cpu.max").split(), "", "")[:2]
    if not quota:
        quota, period = _text(group / "cpu.cfs_quota_us").strip(), _text(group / "cpu.cfs_period_us").strip()
    if quota.isdigit() and period.isdigit() and int(quota) and int(period):
        return int(quota) / int(period)
    return None


def _memory_limit(group: Path) -> float | None:
    limit = (_text(group / "memory.max") or _text(group / "memory.limit_in_bytes")).strip()
    return int(limit) if limit.isdigit() and 0 < int(limit) < _UNLIMITED else None


def _nvidia(root: Path) -> tuple[str, ...]:
    """The NVIDIA devices that this process may open: a container is shown all of the host's in /proc."""
    folder = root / "proc" / "driver" / "nvidia" / "gpus"
    try:
        texts = [_text(gpu / "information") for gpu in sorted(folder.iterdir())]
    except OSError:
        return _nvidia_smi() if root == ROOT else ()
    return tuple(_field(text, "Model") or "NVIDIA GPU" for text in texts if _is_handed_in(root, text))


def _is_handed_in(root: Path, information: str) -> bool:
    minor = _field(information, "Device Minor")
    return not minor.isdigit() or (root / "dev" / f"nvidia{minor}").exists()


def _field(text: str, name: str) -> str:
    found = re.search(rf"^{name}:[ \t]*(.*?)[ \t]*$", text, re.MULTILINE)
    return found[1] if found else ""


def _nvidia_smi() -> tuple[str, ...]:
    """Where there is no /proc, as in WSL 2."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        done = subprocess.run(
            [program, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):  # a driver that does not answer offers no device
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip())


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
