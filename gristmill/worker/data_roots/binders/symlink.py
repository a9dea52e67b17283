"""Links to the data: they work everywhere, cost nothing, and have to be looked after."""

from pathlib import Path

from gristmill.worker.data_roots.binders.base import Binder, Bound, CannotBindError, Placing
from gristmill.worker.data_roots.listing import Listing

MAX_LINKS = 10_000  # beyond so many files, folders are linked as a whole


class SymlinkBinder(Binder):
    """A link for every file, in folders of the workspace's own: what a notebook writes or deletes beside and among
    them does not reach the data. Writing into a linked file does; that is noticed afterwards.
    """

    method = "symlink"

    def __init__(self, max_links: int = MAX_LINKS) -> None:
        self._max_links = max_links

    def bind(self, listing: Listing, place: Path) -> Bound:
        placing = Placing(place)
        try:
            if listing.whole is not None and len(listing.files) > self._max_links:
                placing.folder(place.parent)
                return Bound(method=self.method, wholes=tuple(_link_whole(listing.whole, place)))
            for name, path in placing.each(listing):
                path.symlink_to(listing.files[name].path)
        except OSError as error:
            placing.take_back()
            raise CannotBindError(f"no link at {place}: {error.strerror}") from error
        except CannotBindError:
            placing.take_back()
            raise
        return Bound(method=self.method, places=frozenset(placing.places))


def _link_whole(source: Path, place: Path) -> list[Path]:
    """The links made: one to the folder, or where the snapshot has a folder there, one for each entry that it lacks."""
    if not (place.exists() or place.is_symlink()):
        place.symlink_to(source)
        return [place]
    if not place.is_dir() or not source.is_dir():
        return []
    return [
        made
        for entry in sorted(one.name for one in source.iterdir())
        for made in _link_whole(source / entry, place / entry)
    ]
