"""Who this control plane is."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from gristmill.core.ids import new_id
from gristmill.server.files import answer_challenge


@dataclass(frozen=True, kw_only=True)
class Identity:
    """`secret` is known to who can read the port file, and proves to clients that they talk to the right process."""

    instance: str
    url: str
    started_at: datetime
    secret: str = field(repr=False)

    def prove(self, challenge: str) -> str:
        return answer_challenge(self.secret, challenge)


def new_identity(url: str, now: datetime) -> Identity:
    return Identity(instance=new_id("server", now), url=url, started_at=now, secret=secrets.token_hex(32))
