"""What a snapshot does not hold, and why."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    LARGE = "large"  # data: its folder can be bound as a data root
    IGNORED = "ignored"  # only told of what the notebook names
    OUTSIDE = "outside"  # named by the notebook, beyond the project root
    LINK = "link"  # leaves the project root, or leads nowhere
    SPECIAL = "special"  # a device, pipe or socket
    UNREADABLE = "unreadable"
    NAME = "name"  # no snapshot path: not UTF-8, or with characters that other systems refuse


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """`path` is relative to the project root; `named` is True where the notebook's source names the file or its folder.
    `certain` is True where the notebook surely fails without it.

    `size` in bytes, None of a folder and of what was not looked at.
    """

    path: str
    reason: Reason
    size: int | None = None
    folder: bool = False
    named: bool = False
    certain: bool = False
