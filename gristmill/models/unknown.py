"""What is said of a model or version that is not registered."""

from collections.abc import Sequence

from gristmill.core.errors import NotFoundError
from gristmill.core.nearest import offer

_LISTED = 5


def unknown_model(name: str, registered: Sequence[str]) -> NotFoundError:
    """There is no model of that name; the nearest is offered."""
    more = ", …" if len(registered) > _LISTED else ""
    known = (
        f"Registered: {', '.join(registered[:_LISTED])}{more}; `gristmill models list` shows them."
        if registered
        else "None is registered yet: `gristmill models register NAME --run RUN` makes the first."
    )
    return NotFoundError(f"there is no registered model {name[:200]!r}", hint=f"{offer(name, registered)}{known}")


def unknown_version(name: str, version: str, versions: Sequence[str]) -> NotFoundError:
    """The model has no version of that number; those that it has are named."""
    has = f"It has {', '.join(versions[-_LISTED:])}." if versions else "It has none."
    return NotFoundError(f"model {name!r} has no version {version}", hint=has)
