"""Who holds the capacity that something waits for, and what can be done about it; in words."""

from collections.abc import Sequence

from gristmill.ledger.model import ENDPOINT, KERNEL, RUN, Reservation

_NAMED = 3  # of each kind; more are counted


def held_by(reservations: Sequence[Reservation], fitting: Sequence[str]) -> str:
    """`endpoint churn holds the rest; …`; `fitting` are the profiles that would not have to wait."""
    runs, kernels, endpoints = (_names(reservations, kind) for kind in (RUN, KERNEL, ENDPOINT))
    unnamed = len(reservations) - len(runs) - len(kernels) - len(endpoints)
    parts = [
        _listed("endpoint", endpoints),
        _listed("run", runs),
        _listed("kept kernel", kernels),
        f"{unnamed} other{'s' if unnamed > 1 else ''}" if unnamed else "",
    ]
    holders = " and ".join(filter(None, parts)) or "nobody"
    choices = [
        f"`gristmill kernels end {kernels[0]}` frees some" if kernels else "",
        f"`gristmill endpoints delete {endpoints[0]}` frees some" if endpoints else "",
        f"`--profile {fitting[0]}` would start now" if fitting else "",
    ]
    verb = "holds" if len(reservations) == 1 else "hold"
    return "; ".join(filter(None, (f"{holders} {verb} the rest", *choices)))


def _names(reservations: Sequence[Reservation], kind: str) -> list[str]:
    found = (subject for one in reservations for subject in one.subjects if subject.startswith(kind))
    return sorted(subject.removeprefix(kind) for subject in found)


def _listed(word: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{word if len(names) == 1 else f'{word}s'} {shown}{more}"
