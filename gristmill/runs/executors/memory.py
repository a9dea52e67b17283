"""What processes of this machine take of its memory."""

from collections.abc import Iterable

import psutil


def memory_of(processes: Iterable[psutil.Process]) -> int | None:
    """Bytes in all, pages that several share counted once where the platform tells (PSS); None where nothing lives."""
    found = [taken for taken in map(_taken, processes) if taken is not None]
    return sum(found) if found else None


def _taken(process: psutil.Process) -> int | None:
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return None  # gone meanwhile
    return int(getattr(full, "pss", full.rss))
