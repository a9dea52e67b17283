"""Finding a profile in the catalogue."""

import difflib

from gristmill.core.errors import InvalidInputError, NotFoundError
from gristmill.profiles.model import Catalogue, Profile, ProfileUse


def resolve(catalogue: Catalogue, name: str | None, use: ProfileUse) -> Profile:
    """The profile of this name; without one, the catalogue's default, or the first that serves this use.

    Raises:
        NotFoundError: no such profile; the nearest name is offered.
        InvalidInputError: it is not meant for this use.
    """
    fitting = [profile for profile in catalogue.profiles if use in profile.uses]
    if name is None:
        chosen = next((profile for profile in fitting if profile.default), next(iter(fitting), None))
        if chosen is None:
            raise NotFoundError(f"no profile is meant for a {use}", hint=f"Add one to {catalogue.source}.")
        return chosen
    for profile in catalogue.profiles:
        if profile.name == name and profile not in fitting:
            raise InvalidInputError(f"profile {name!r} is not meant for a {use}")
        if profile.name == name:
            return profile
    names = [profile.name for profile in fitting]
    near = difflib.get_close_matches(name, names, n=1)
    raise NotFoundError(
        f"no profile {name[:80]!r}: expected one of {', '.join(names)}",
        hint=f"Did you mean {near[0]!r}?" if near else "`gristmill profiles` lists them.",
    )
