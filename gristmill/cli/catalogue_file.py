"""`profiles.yaml`, as the control plane of this machine reads it at its next start."""

from typing import TYPE_CHECKING

from gristmill.core.settings import Settings

if TYPE_CHECKING:
    from gristmill.core.errors import GristmillError
    from gristmill.core.wire import ServerStatus

RESTART = (
    "`gristmill server stop`, then any command: a control plane reads it when it starts. Runs and endpoints go on."
)


def fault_in(settings: Settings) -> "GristmillError | None":
    """What a control plane would not start with."""
    from gristmill.core.errors import GristmillError
    from gristmill.profiles.catalogue import load_catalogue

    try:
        load_catalogue(settings.catalogue, required=settings.profiles is not None)
    except GristmillError as error:
        return error
    return None


def is_unread(settings: Settings, status: "ServerStatus") -> bool:
    """Whether it was written, or put there, since the living control plane has read it."""
    try:
        found = settings.catalogue.stat()
    except OSError:
        return False
    return max(found.st_mtime, found.st_ctime) > status.started_at.timestamp()
