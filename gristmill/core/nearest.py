"""What may have been meant by a name that is not known."""

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, in whatever case; None where none is like it."""
    import difflib  # here: whoever misspells nothing does not wait for it

    by_folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[near[0]] if near else None


def offer(name: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'? `, as the beginning of a hint; empty where no known name is like it."""
    near = nearest(name, known)
    return f"Did you mean {near!r}? " if near else ""
