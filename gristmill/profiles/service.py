"""Which profile a thing gets."""

from gristmill.core.errors import InvalidInputError, NotFoundError
from gristmill.core.nearest import offer
from gristmill.profiles.model import Catalogue, Profile, ProfileUse


def resolve(catalogue: Catalogue, name: str | None, use: ProfileUse) -> Profile:
    """The profile of that name; without a name the default for the use, the default, or the first that allows the use.

    Raises:
        NotFoundError: where there is none of that name; offers the nearest.
        InvalidInputError: where it is not for this use; names those that are.
    """
    fitting = [profile for profile in catalogue.profiles if use in profile.uses]
    if name is None:
        return _default(catalogue, fitting, use)
    found = next((profile for profile in catalogue.profiles if profile.name == name), None)
    if found is None:
        raise _unknown(catalogue, name)
    if found not in fitting:
        uses = ", ".join(sorted(found.uses))
        raise InvalidInputError(
            f"the profile {name!r} is for {uses} and not for {use.value}",
            hint=f"Profiles for {use.value}: {', '.join(one.name for one in fitting) or 'none'}.",
        )
    return found


def _default(catalogue: Catalogue, fitting: list[Profile], use: ProfileUse) -> Profile:
    if not fitting:
        raise NotFoundError(
            f"no profile of {catalogue.source} is for {use.value}",
            hint=f"Add {use.value!r} to the uses of one of: {', '.join(one.name for one in catalogue.profiles)}.",
        )
    best = sorted(fitting, key=lambda profile: (use not in profile.default_for, not profile.default))
    return best[0]  # sorting keeps the order of those that are alike


def _unknown(catalogue: Catalogue, name: str) -> NotFoundError:
    names = [profile.name for profile in catalogue.profiles]
    return NotFoundError(
        f"there is no profile {name[:80]!r}", hint=f"{offer(name, names)}Profiles: {', '.join(names)}."
    )
