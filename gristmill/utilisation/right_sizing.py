"""Which profile would have done, by what a run used. Pure rules, honest about what they cannot know."""

from collections.abc import Iterable
from dataclasses import dataclass

from gristmill.profiles.model import Catalogue, Profile, ProfileUse, Resources
from gristmill.utilisation.model import Advice, Sizing

# Shorter runs say little of the next one: imports are most of them.
SHORTEST_S = 60.0
# How much more memory than the highest seen a smaller profile must have: the next run is not the same to the byte.
HEADROOM = 1.25
# From this share of the profile's memory on, a run was close to its end.
NEARLY_ALL = 0.95


@dataclass(frozen=True, kw_only=True)
class Used:
    """`seconds` is how long was looked; `busy` the cores in 95% of the time; `gpu` None where no device was seen."""

    seconds: float
    busy: float
    memory_peak: int
    gpu_peak: float | None = None


def advise(
    used: Used, catalogue: Catalogue, profile: Profile, *, succeeded: bool, out_of_memory: bool = False
) -> Advice:
    """What to say of a run with this profile that is over.

    Memory that ran out, or nearly did, asks for more, however short the run. A smaller profile is offered to a run that
    succeeded and lasted a minute, and only one that holds the peak with a quarter to spare and as many cores as were
    busy. It is offered the same devices, unless they were seen idle all the time.
    """
    given = profile.resources
    figures = _figures(used, given)
    if out_of_memory:
        return _larger(f"memory ran out, {figures}", used, catalogue, profile)
    if used.memory_peak > given.memory:
        return _larger(f"{figures}, more memory than {profile.name} has", used, catalogue, profile)
    if used.memory_peak > NEARLY_ALL * given.memory:
        return _larger(f"{figures}, nearly all its memory", used, catalogue, profile)
    if not succeeded or used.seconds < SHORTEST_S:
        return Advice(sizing=Sizing.UNKNOWN, says=figures)
    smaller = _smallest(one for one in _offered(catalogue, profile) if _would_do(one, used, given))
    if smaller is None:
        return Advice(sizing=Sizing.FITS, says=figures)
    return Advice(sizing=Sizing.SMALLER, says=f"{figures}: profile {smaller.name} would do", profile=smaller.name)


def _larger(says: str, used: Used, catalogue: Catalogue, profile: Profile) -> Advice:
    needed = max(profile.resources.memory + 1, int(HEADROOM * used.memory_peak))
    found = _smallest(
        one
        for one in _offered(catalogue, profile)
        if one.resources.memory >= needed
        and one.resources.fits_in(catalogue.capacity)
        and one.resources.cpu >= profile.resources.cpu
        and _has_the_devices(one, profile)
    )
    if found is None:
        return Advice(sizing=Sizing.LARGER, says=f"{says}; no profile here has enough more")
    memory = _amount(found.resources.memory)
    return Advice(sizing=Sizing.LARGER, says=f"{says}: profile {found.name} has {memory}", profile=found.name)


def _offered(catalogue: Catalogue, profile: Profile) -> Iterable[Profile]:
    """Other profiles for runs that whoever took this one may take too, as far as the catalogue says."""
    others = (one for one in catalogue.profiles if one.name != profile.name and ProfileUse.RUN in one.uses)
    return (one for one in others if not one.groups or (profile.groups and profile.groups <= one.groups))


def _would_do(one: Profile, used: Used, given: Resources) -> bool:
    resources = one.resources
    less = resources.fits_in(given) and resources != given
    idle = given.accelerators > 0 and used.gpu_peak == 0
    devices = idle or resources.accelerators == given.accelerators
    return less and devices and resources.memory >= HEADROOM * used.memory_peak and resources.cpu >= round(used.busy, 1)


def _has_the_devices(one: Profile, profile: Profile) -> bool:
    same = one.accelerator == profile.accelerator or not profile.resources.accelerators
    return same and one.resources.accelerators >= profile.resources.accelerators


def _smallest(profiles: Iterable[Profile]) -> Profile | None:
    def size(one: Profile) -> tuple[int, float, int, float, str]:
        resources = one.resources
        return resources.accelerators, one.rate_per_hour, resources.memory, resources.cpu, one.name

    return min(profiles, key=size, default=None)


def _figures(used: Used, given: Resources) -> str:
    unit, factor = _unit(given.memory)
    peak, all_of_it = _digits(used.memory_peak / factor), _digits(given.memory / factor)
    text = f"peak {peak} of {all_of_it} {unit}, {_digits(used.busy)} of {_digits(given.cpu)} "
    text += "core" if given.cpu == 1 else "cores"
    if given.accelerators and used.gpu_peak is not None:
        text += ", GPU idle" if used.gpu_peak == 0 else f", GPU busy up to {used.gpu_peak:.0%}"
    return text


def _amount(memory: int) -> str:
    unit, factor = _unit(memory)
    return f"{_digits(memory / factor)} {unit}"


def _unit(memory: int) -> tuple[str, int]:
    return ("GB", 10**9) if memory >= 10**9 else ("MB", 10**6)


def _digits(number: float) -> str:
    return f"{number:.0f}" if number >= 9.95 else f"{float(f'{number:.2g}'):g}"
