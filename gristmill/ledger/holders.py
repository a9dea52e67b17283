"""Who holds the capacity that something waits for, and what can be done about it; in words."""

from collections.abc import Callable, Sequence

from gristmill.ledger.model import ENDPOINT, KERNEL, RUN, TRY_OUT, Reservation
from gristmill.profiles.model import Resources

_NAMED = 3  # of each kind; more are counted


def held_by(
    reservations: Sequence[Reservation], fitting: Sequence[str], share: Callable[[Resources], float] = lambda _: 0
) -> str:
    """`endpoint churn holds the rest; …`; `fitting` are the profiles that would not have to wait.

    `share` says how much of what is waited for somebody has: who has more is named before, and who has most by itself.
    """
    largest_first = sorted(reservations, key=lambda one: -share(one.resources))
    runs, kernels, endpoints, tried = (_names(largest_first, kind) for kind in (RUN, KERNEL, ENDPOINT, TRY_OUT))
    unnamed = len(reservations) - len(runs) - len(kernels) - len(endpoints) - len(tried)
    parts = [
        _listed("endpoint", endpoints),
        _listed("run", runs),
        _listed("kept kernel", kernels),
        _listed("try-out", tried),
        f"{unnamed} other{'s' if unnamed > 1 else ''}" if unnamed else "",
    ]
    holders = " and ".join(filter(None, parts)) or "nobody"
    choices = [
        f"`gristmill kernels end {kernels[0]}` frees some" if kernels else "",
        f"`gristmill endpoints delete {endpoints[0]}` frees some" if endpoints else "",
        f"`--profile {fitting[0]}` would start now" if fitting else "",
    ]
    verb = "holds" if len(reservations) == 1 else "hold"
    most = _most([(share(one.resources), one) for one in largest_first])
    return "; ".join(filter(None, (f"{holders} {verb} the rest{most}", *choices)))


def _most(shares: Sequence[tuple[float, Reservation]]) -> str:
    """`, most of it run train-3`; nothing where one alone holds it, or two as much."""
    if len(shares) < 2 or shares[0][0] <= shares[1][0]:
        return ""
    words = ((ENDPOINT, "endpoint"), (RUN, "run"), (KERNEL, "kept kernel"), (TRY_OUT, "try-out"))
    named = [f"{word} {name}" for kind, word in words for name in _names([shares[0][1]], kind)]
    return f", most of it {named[0]}" if named else ""


def _names(reservations: Sequence[Reservation], kind: str) -> list[str]:
    found = (subject for one in reservations for subject in one.subjects if subject.startswith(kind))
    return [subject.removeprefix(kind) for subject in found]


def _listed(word: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{word if len(names) == 1 else f'{word}s'} {shown}{more}"
