"""Where a notebook's project begins."""

from dataclasses import dataclass
from pathlib import Path

MARKS = ("gristmill.yaml", "pyproject.toml", ".git")


@dataclass(frozen=True, kw_only=True)
class ProjectRoot:
    """`path` has no links in it; `mark` is what makes it a project, None for a notebook's bare folder."""

    path: Path
    mark: str | None

    def holds(self, path: Path) -> bool:
        """Whether a path without links lies at or below the root."""
        return path.is_relative_to(self.path)


def find_root(folder: Path, *, within: Path | None = None) -> ProjectRoot:
    """The nearest folder with a mark, from `folder` up; `folder` itself where there is none at or below `within`."""
    folder = folder.resolve(strict=True)
    highest = within.resolve(strict=True) if within else None
    for place in (folder, *folder.parents):
        if highest and not place.is_relative_to(highest):
            break
        if mark := next((mark for mark in MARKS if (place / mark).exists()), None):
            return ProjectRoot(path=place, mark=mark)
    return ProjectRoot(path=folder, mark=None)
