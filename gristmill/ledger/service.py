"""Local admission: what Gristmill itself holds is counted against the machine's total, never the free figure alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from gristmill.core.database import Tx, lock_names
from gristmill.core.ids import new_id
from gristmill.ledger import store
from gristmill.ledger.holders import held_by
from gristmill.ledger.model import Reservation, Usage
from gristmill.profiles.model import Catalogue, Profile, ProfileStatus, Resources


def reserve(
    tx: Tx,
    *,
    holder: str,
    project_id: str,
    subjects: Iterable[str],
    profile: Profile,
    catalogue: Catalogue,
    now: datetime,
    anyway: bool = False,
) -> str | None:
    """None once `holder` has its reservation on this profile (asking again is harmless); else why it has to wait.

    A holder that changes its profile ends one interval and begins another, or keeps the one that it has and waits.
    """
    subjects = tuple(sorted(subjects))
    # What is free is counted and taken by one at a time; quotas of subjects are counted under the same locks.
    lock_names(tx, ("capacity", *subjects))
    held = store.held_of(tx, holder)
    if held is not None and held.profile == profile.name:
        return None
    if not anyway and (why := waits(tx, profile, catalogue, without=holder)) is not None:
        return why
    if held is not None:
        release(tx, holder, now)
    store.insert(
        tx,
        Reservation(
            id=new_id("res", now),
            project_id=project_id,
            holder=holder,
            subjects=subjects,
            profile=profile.name,
            resources=profile.resources,
            rate_per_hour=profile.rate_per_hour,
            requested_at=now,
            active_at=now if held is not None and held.active_at is not None else None,
        ),
    )
    return None


def waits(tx: Tx, profile: Profile, catalogue: Catalogue, *, without: str | None = None) -> str | None:
    """Why something on this profile would have to wait now; None where it would not.

    What the holder `without` has counts as free: it would give it back.
    """
    reservations = [one for one in store.unreleased(tx) if one.holder != without]
    free = _free(catalogue, reservations)
    if profile.resources.fits_in(free):
        return None
    same = [one for one in catalogue.profiles if one.accelerator == profile.accelerator and one.uses == profile.uses]
    fitting = [one.name for one in same if one.resources.fits_in(free)]

    def share(held: Resources) -> float:
        return lacking_share(profile.resources, free, held)

    return f"waiting for {shortage(profile.resources, free)}: {held_by(reservations, fitting, share)}"


def waits_to_hold(tx: Tx, holder: str, profile: Profile, catalogue: Catalogue) -> str | None:
    """What `reserve` would answer, without changing anything."""
    held = store.held_of(tx, holder)
    if held is not None and held.profile == profile.name:
        return None
    return waits(tx, profile, catalogue, without=holder)


def profiles_held(tx: Tx) -> dict[str, str]:
    """The name of the profile that each holder has now."""
    return {one.holder: one.profile for one in store.unreleased(tx)}


def rename(tx: Tx, holder: str, before: str, after: str) -> None:
    """What people call the holder has changed: the subject `before` is `after` from now on."""
    held = store.held_of(tx, holder)
    if held is not None:
        table = store.reservations
        subjects = [after if one == before else one for one in held.subjects]
        tx.execute(sa.update(table).where(table.c.id == held.id).values(subjects=subjects))


def held_by_holder(tx: Tx, holder: str) -> Reservation | None:
    """What it has now."""
    return store.held_of(tx, holder)


def all_of_holders(tx: Tx, holders: Sequence[str]) -> tuple[Reservation, ...]:
    """What they have and had, oldest first."""
    return tuple(store.of_holders(tx, holders))


def activate(tx: Tx, holder: str, now: datetime) -> None:
    """The holder runs now: the ledger's interval begins."""
    table = store.reservations
    waiting = (table.c.holder == holder, table.c.active_at.is_(None), table.c.released_at.is_(None))
    tx.execute(sa.update(table).where(*waiting).values(active_at=now))


def release(tx: Tx, holder: str, now: datetime) -> None:
    """Only for a holder whose processes were seen to be gone."""
    table = store.reservations
    tx.execute(sa.update(table).where(table.c.holder == holder, table.c.released_at.is_(None)).values(released_at=now))


def status(tx: Tx, catalogue: Catalogue) -> tuple[ProfileStatus, ...]:
    reservations = store.unreleased(tx)
    free = _free(catalogue, reservations)
    return tuple(
        ProfileStatus(
            profile=profile,
            free_slots=slots(profile.resources, free),
            in_use=sum(1 for one in reservations if one.profile == profile.name),
            kept=sum(1 for one in reservations if one.profile == profile.name and one.of_kept_kernel),
        )
        for profile in catalogue.profiles
    )


def usage(tx: Tx, project_id: str, now: datetime) -> tuple[Usage, ...]:
    """The ledger of one project: what was held, by profile."""
    totals: dict[str, list[tuple[float, float]]] = {}
    for one in store.of_project(tx, project_id):
        if one.active_at is not None:
            hours = one.hours(now)
            totals.setdefault(one.profile, []).append((hours, hours * one.rate_per_hour))
    return tuple(
        Usage(profile=name, hours=sum(h for h, _ in rows), cost=sum(c for _, c in rows), reservations=len(rows))
        for name, rows in sorted(totals.items())
    )


def cost(tx: Tx, holders: Sequence[str], now: datetime) -> float:
    """What these holders' reservations came to, until `now` where they are held still."""
    return sum(one.hours(now) * one.rate_per_hour for one in store.of_holders(tx, holders))


def held_now(tx: Tx) -> Sequence[Reservation]:
    """Everything that holds capacity."""
    return store.unreleased(tx)


def free_now(tx: Tx, catalogue: Catalogue) -> Resources:
    """What is left of the capacity."""
    return _free(catalogue, store.unreleased(tx))


def _free(catalogue: Catalogue, reservations: Iterable[Reservation]) -> Resources:
    return catalogue.capacity - sum((one.resources for one in reservations), start=Resources())


def slots(wanted: Resources, free: Resources) -> int:
    """How many of `wanted` fit into `free`."""
    ratios = [
        int((have + 1e-9) // want)
        for want, have in (
            (wanted.cpu, free.cpu),
            (wanted.memory, free.memory),
            (wanted.accelerators, free.accelerators),
        )
        if want > 0
    ]
    return max(0, min(ratios, default=0))


def lacking_share(wanted: Resources, free: Resources, held: Resources) -> float:
    """How many times what is lacking of `wanted` is in `held`: of each kind that lacks, and all together."""
    kinds = (
        (wanted.cpu, free.cpu, held.cpu),
        (wanted.memory, free.memory, held.memory),
        (wanted.accelerators, free.accelerators, held.accelerators),
    )
    return sum(have / want for want, left, have in kinds if want > left + 1e-9)


def shortage(wanted: Resources, free: Resources) -> str:
    """What is lacking, in words."""
    lacking = []
    if wanted.cpu > free.cpu + 1e-9:
        lacking.append(f"{wanted.cpu:g} {'core' if wanted.cpu == 1 else 'cores'} ({max(0.0, free.cpu):g} free)")
    if wanted.memory > free.memory:
        lacking.append(f"{wanted.memory / 10**9:.1f} GB memory ({max(0, free.memory) / 10**9:.1f} GB free)")
    if wanted.accelerators > free.accelerators:
        kind = "accelerator" if wanted.accelerators == 1 else "accelerators"
        lacking.append(f"{wanted.accelerators} {kind} ({max(0, free.accelerators)} free)")
    return ", ".join(lacking)
