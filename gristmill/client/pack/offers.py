"""Which data roots would give a run what was left out of its snapshot."""

import posixpath
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from gristmill.client.pack.ignores import is_built_in
from gristmill.client.pack.left_out import LeftOut, Reason
from gristmill.client.pack.packed import Packed
from gristmill.core.errors import InvalidInputError
from gristmill.data_roots.model import DataBinding, check_place, lies_in

_DATA = {Reason.LARGE, Reason.IGNORED, Reason.OUTSIDE, Reason.LINK}
_CODE = (".py", ".ipynb")


@dataclass(frozen=True, kw_only=True)
class Offer:
    """`at` as a data root gives the run all of `items`; `certain` where the notebook fails without one of them."""

    name: str
    at: str
    folder: bool
    items: tuple[LeftOut, ...]

    @property
    def certain(self) -> bool:
        return any(item.certain for item in self.items)


def offers(packed: Packed, taken: Iterable[DataBinding] = ()) -> tuple[Offer, ...]:
    """For everything that the notebook names and the run would lack; no place is inside another."""
    taken = tuple(taken)
    wanted: dict[str, list[LeftOut]] = {}
    for item in packed.left_out:
        if item.named and item.reason in _DATA and not _is_private(item.path):
            place = _place(item, packed)
            if place is not None:
                wanted.setdefault(place, []).append(item)
    tops = [place for place in sorted(wanted) if not any(lies_in(place, other) for other in wanted if other != place)]
    names = {one.name for one in taken}
    made = []
    for top in tops:
        if any(lies_in(one.at, top) or lies_in(top, one.at) for one in taken):
            continue
        items = tuple(item for place in sorted(wanted) if lies_in(place, top) for item in wanted[place])
        folder = all(item.path != top or item.folder for item in items)
        name = _free_name(top, names, folder=folder)
        names.add(name)
        made.append(Offer(name=name, at=top, folder=folder, items=items))
    return tuple(made)


def _is_private(path: str) -> bool:
    """Credentials, caches and hidden files are no data."""
    return any(is_built_in(part) for part in path.split("/") if part != "..")


def _place(item: LeftOut, packed: Packed) -> str | None:
    """The highest folder in the project that holds data only; beside the project the file's own folder."""
    candidates = [item.path] if item.folder else [posixpath.dirname(item.path), item.path]
    if not item.path.startswith("../"):
        parts = item.path.split("/")
        candidates = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    code = [file.path for file in packed.request.files if file.path.endswith(_CODE)]
    return next((place for place in candidates if _is_place(place) and not _holds(place, code)), None)


def _is_place(place: str) -> bool:
    try:
        return bool(place) and check_place(place) == place
    except InvalidInputError:
        return False


def _holds(place: str, files: Collection[str]) -> bool:
    return any(lies_in(file, place) for file in files)


def _free_name(place: str, taken: Collection[str], *, folder: bool) -> str:
    last = posixpath.basename(place)
    stem = last if folder else last.partition(".")[0] or last
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("._-")[:50] or "data"
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
