"""What this server tells its browsers, as it happens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gristmill.core.wire import Event


@dataclass(frozen=True, kw_only=True)
class StateMessage:
    """How the control plane is, and since when. `message` and `hint` say why it is away.

    `unisolated`: several people's notebooks run there as processes of one user, as far as is known.
    """

    state: Literal["starting", "ready", "away"]
    since: datetime
    message: str | None = None
    hint: str | None = None
    unisolated: bool = False
    type: Literal["state"] = "state"


@dataclass(frozen=True, kw_only=True)
class EventMessage:
    event: Event
    type: Literal["event"] = "event"


@dataclass(frozen=True, kw_only=True)
class ResetMessage:
    """Something was missed: what is shown is to be asked for anew."""

    type: Literal["reset"] = "reset"


Message = StateMessage | EventMessage | ResetMessage
