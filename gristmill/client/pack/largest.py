"""What makes a project large, said so that one knows which line to write into an ignore file."""

from collections import Counter
from collections.abc import Mapping

from gristmill.snapshots.model import MAX_BYTES, MAX_FILES

SHOWN = 3
_MOST = 0.9  # of all: a folder that holds so much is looked into


def largest(sizes: Mapping[str, int]) -> list[str]:
    """What holds most of these files, folders before single files: `data/raw/ (4,000 files, 120.0 MB)`."""
    folder, groups = "", _groups(sizes, "")
    while groups and groups[0].endswith("/") and _cost(sizes, groups[0]) >= _MOST * _cost(sizes, folder):
        deeper = [one for one in _groups(sizes, groups[0]) if one.endswith("/")]
        if not deeper:
            return [_described(sizes, groups[0])]
        folder, groups = groups[0], deeper
    return [_described(sizes, group) for group in groups[:SHOWN]]


def _groups(sizes: Mapping[str, int], folder: str) -> list[str]:
    """What lies right below a folder, the costliest first."""
    costs: Counter[str] = Counter()
    for path, size in sizes.items():
        if path.startswith(folder):
            name, slash, _ = path[len(folder) :].partition("/")
            costs[folder + name + slash] += _cost_of(size)
    return [group for group, _ in costs.most_common()]


def _cost(sizes: Mapping[str, int], folder: str) -> int:
    return sum(_cost_of(size) for path, size in sizes.items() if path.startswith(folder))


def _cost_of(size: int) -> int:
    """A file's share of both caps: of how many there may be, and of how many bytes."""
    return size + MAX_BYTES // MAX_FILES


def _described(sizes: Mapping[str, int], group: str) -> str:
    inside = [size for path, size in sizes.items() if path.startswith(group)]
    files = f"{len(inside):,} files, " if group.endswith("/") else ""
    return f"{group} ({files}{sum(inside) / 1e6:.1f} MB)"
