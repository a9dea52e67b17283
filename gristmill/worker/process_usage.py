"""CPU time and memory of all processes of an attempt, cheap enough to be asked every second.

They are found by `GRISTMILL_ATTEMPT` in their environment, not by their parents alone: a kernel may be forked from
elsewhere. On Linux each process is looked at when it is new, by `/proc`; elsewhere psutil does it, more slowly.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gristmill.worker.kernel_environment import ATTEMPT

if TYPE_CHECKING:
    import psutil

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
# Of the time, what walking page tables for shared memory may take, and looking again at who was not the attempt's.
_PSS_SHARE, _PSS_PAUSE = 0.003, 1.0
_LOOK_SHARE, _LOOK_PAUSE = 0.002, 5.0
# A process that is about to exec still shows the environment of its parent: it is looked at more than once.
_LOOKS = 3


class ProcessUsage(Protocol):
    def cpu_seconds(self) -> float:
        """What the attempt's processes have computed since the last question."""

    def memory(self) -> int:
        """Bytes that they hold now; what they share counts once, where the system tells."""


def process_usage(attempt: str) -> ProcessUsage:
    return LinuxProcesses(attempt) if Path("/proc/self/stat").exists() else OtherProcesses(attempt)


@dataclass
class _Process:
    began: int  # clock ticks after boot: with the number it names one process for ever
    cpu: float = 0.0  # seconds, those of its children that have ended included
    rss: int = 0
    share: float | None = None  # of its resident memory what counts as its own; None before it was measured


@dataclass
class LinuxProcesses:
    """Between two questions it keeps who belongs to the attempt and who does not: only new processes are read whole."""

    attempt: str
    proc: Path = Path("/proc")
    own: int = field(default_factory=os.getpid)
    _mine: dict[int, _Process] = field(default_factory=dict)
    _others: dict[int, int] = field(default_factory=dict)  # process → how often it was looked at
    _counted: float = 0.0
    _pss_due: float = 0.0
    _look_due: float = 0.0

    def cpu_seconds(self) -> float:
        joined = self._look()
        total = sum(process.cpu for process in self._mine.values())
        gained = max(0.0, total - self._counted - joined)
        self._counted = total
        return gained

    def memory(self) -> int:
        now = time.monotonic()
        if now >= self._pss_due:
            began = time.thread_time()
            for pid, process in self._mine.items():
                process.share = self._share(pid, process.rss)
            self._pss_due = now + max(_PSS_PAUSE, (time.thread_time() - began) / _PSS_SHARE)
        # One that was not measured yet is mostly a fork, which shares nearly all with its parent.
        return int(sum(process.rss * (process.share or 0.0) for process in self._mine.values()))

    def _look(self) -> float:
        """Brings the list up to date; the seconds that newcomers bring along from before they were the attempt's."""
        there = {int(name) for name in os.listdir(self.proc) if name.isdigit()}  # noqa: PTH208  # every second: no objects
        self._others = {pid: looks for pid, looks in self._others.items() if pid in there}
        joined, mine = 0.0, {}
        for pid in sorted(there - self._skipped()):
            if (stat := self._stat(pid)) is None:
                continue
            known = self._mine.get(pid)
            if known is None or known.began != stat.began:
                if not self._belongs(pid, stat.parent):
                    self._others[pid] = self._others.get(pid, 0) + 1
                    continue
                known = _Process(began=stat.began)
                # It was there before and another's, as a kernel that waited to be used.
                joined += stat.cpu if self._others.pop(pid, None) else 0.0
            known.cpu, known.rss = stat.cpu, stat.rss
            mine[pid] = self._mine[pid] = known
        self._mine = mine
        return joined

    def _skipped(self) -> set[int]:
        """Those known to be others', except when it is time to look at all of them again."""
        now = time.monotonic()
        if now < self._look_due:
            return {pid for pid, looks in self._others.items() if looks >= _LOOKS}
        began = time.thread_time()
        for pid in list(self._others):
            self._others[pid] = _LOOKS
        again = {pid for pid in self._others if self._carries(pid)}
        self._look_due = now + max(_LOOK_PAUSE, (time.thread_time() - began) / _LOOK_SHARE)
        return self._others.keys() - again

    def _belongs(self, pid: int, parent: int) -> bool:
        return pid == self.own or parent in self._mine or self._carries(pid)

    def _carries(self, pid: int) -> bool:
        try:
            return f"{ATTEMPT}={self.attempt}".encode() in (self.proc / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:
            return False  # gone meanwhile, or another user's

    def _stat(self, pid: int) -> "_Stat | None":
        """proc(5): what stands behind the name, which may hold spaces and brackets."""
        try:
            with open(f"{self.proc}/{pid}/stat", "rb") as file:  # noqa: PTH123  # every second: no objects
                parts = file.read().rpartition(b")")[2].split()
        except OSError:
            return None
        times = sum(int(one) for one in parts[11:15]) / _TICKS
        return _Stat(parent=int(parts[1]), began=int(parts[19]), cpu=times, rss=int(parts[21]) * _PAGE)

    def _share(self, pid: int, rss: int) -> float:
        """The proportional set size against the resident one; 1 where the system does not tell."""
        try:
            text = (self.proc / str(pid) / "smaps_rollup").read_bytes()
        except OSError:
            return 1.0
        for line in text.splitlines():
            if line.startswith(b"Pss:"):
                return min(1.0, int(line.split()[1]) * 1024 / rss) if rss else 1.0
        return 1.0


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    began: int
    cpu: float
    rss: int


@dataclass
class OtherProcesses:
    """By psutil: who carries the mark, looked for every few seconds, and all that descend from them."""

    attempt: str
    _marked: list["psutil.Process"] = field(default_factory=list)
    _look_due: float = 0.0
    _cpu: dict["psutil.Process", float] = field(default_factory=dict)
    _memory: int = 0

    def cpu_seconds(self) -> float:
        import psutil

        gained, now, self._memory = 0.0, {}, 0
        for process in self._processes():
            try:
                times, resident = process.cpu_times(), process.memory_info().rss
            except psutil.Error:
                continue  # gone meanwhile
            now[process] = times.user + times.system
            gained += max(0.0, now[process] - self._cpu.get(process, 0.0))
            self._memory += int(resident)
        self._cpu = now
        return gained

    def memory(self) -> int:
        """Shared memory counts as often as it is shared: this system does not tell."""
        return self._memory

    def _processes(self) -> "set[psutil.Process]":
        import psutil

        now = time.monotonic()
        if now >= self._look_due:
            self._marked = [psutil.Process(), *_marked(self.attempt)]
            self._look_due = now + _LOOK_PAUSE
        found = set()
        for process in self._marked:
            try:
                found |= {process, *process.children(recursive=True)}
            except psutil.Error:
                continue  # gone meanwhile
        return found


def _marked(attempt: str) -> "list[psutil.Process]":
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(ATTEMPT) == attempt:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or another user's
    return found
