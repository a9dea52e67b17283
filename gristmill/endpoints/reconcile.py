"""One step of the control loop over endpoints: each that should be there has a living supervisor."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from gristmill.core import tokens
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import GristmillError
from gristmill.core.lease import Leadership, NotLeaderError
from gristmill.core.scopes import SUPERVISOR_SCOPES, ActorKind
from gristmill.endpoints import store
from gristmill.endpoints.backends.base import EndpointBackend, Supervision
from gristmill.endpoints.model import Endpoint
from gristmill.ledger import service as ledger
from gristmill.profiles.model import Catalogue, ProfileUse
from gristmill.profiles.service import resolve

log = logging.getLogger(__name__)

STOP_GRACE = 40.0  # seconds that a supervisor gets to drain, before it is ended
FORGIVEN = 60.0  # one that lived so long starts anew
LONGEST_PAUSE = 30.0


@dataclass
class EndpointsReconciler:
    """`url` is the control plane's own, as supervisors reach it."""

    db: Database
    leader: Leadership
    backend: EndpointBackend
    catalogue: Catalogue
    clock: Clock
    url: str
    _starts: dict[str, tuple[int, float]] = field(default_factory=dict)  # how often, and when last
    _stopped: dict[str, float] = field(default_factory=dict)  # when it was first asked to end

    def step(self) -> bool:
        """Does what is due; whether an endpoint is on its way up or down."""
        with self.db.read() as tx:
            wanted = store.load(tx, store.endpoints.c.deleting.is_(False))
            deleted = store.load(tx, store.endpoints.c.deleting.is_(True))
        absent = [endpoint for endpoint in wanted if not self.backend.is_alive(endpoint.id)]
        for endpoint in absent:
            self._guarded(self._start, endpoint)
        for endpoint in deleted:
            self._guarded(self._remove, endpoint)
        return bool(absent or deleted)

    def _guarded(self, act: Callable[[Endpoint], None], endpoint: Endpoint) -> None:
        """One endpoint's fault must not stop the others: its page says what it is."""
        try:
            act(endpoint)
        except NotLeaderError:
            raise
        except GristmillError as error:
            log.warning("endpoint %s: %s", endpoint.name, error.message)
            if endpoint.waiting != error.message:
                with self.leader.write() as tx:
                    store.update(tx, endpoint.id, waiting=error.message)

    def _due(self, endpoint: Endpoint) -> bool:
        """Whether another start is due: each that is followed by a quick death is waited for twice as long."""
        now = self.clock.monotonic()
        tries, last = self._starts.get(endpoint.id, (0, now - FORGIVEN))
        if now - last >= FORGIVEN:
            tries = 0
        elif now - last < min(2.0 ** (tries - 1), LONGEST_PAUSE):
            return False
        self._starts[endpoint.id] = (tries + 1, now)
        return True

    def _start(self, endpoint: Endpoint) -> None:
        if not self._due(endpoint):
            return
        profile = resolve(self.catalogue, endpoint.variants[0].profile, ProfileUse.ENDPOINT)
        with self.leader.write() as tx:
            now = self.clock.now()
            waiting = ledger.reserve(
                tx,
                holder=endpoint.id,
                project_id=endpoint.project_id,
                subjects=[
                    f"project:{endpoint.project_id}",
                    f"person:{endpoint.created_by}",
                    f"endpoint:{endpoint.name}",
                ],
                profile=profile,
                catalogue=self.catalogue,
                now=now,
            )
            # What a supervisor that is gone has said of itself is true no more.
            if waiting != endpoint.waiting or endpoint.observed is not None:
                store.update(tx, endpoint.id, waiting=waiting, observed=None)
            if waiting is not None:
                return
            ledger.activate(tx, endpoint.id, now)
            tokens.revoke_subject(tx, endpoint.id, now)  # a supervisor that is gone needs its token no more
            token = tokens.issue(
                tx,
                project_id=endpoint.project_id,
                kind=ActorKind.SUPERVISOR,
                name=f"endpoint {endpoint.name}",
                scopes=SUPERVISOR_SCOPES,
                now=now,
                subject=endpoint.id,
            )
        self.backend.clean_up(endpoint.id)
        self.backend.start(Supervision(id=endpoint.id, name=endpoint.name, url=self.url, token=token))

    def _remove(self, endpoint: Endpoint) -> None:
        now = self.clock.monotonic()
        if self.backend.is_alive(endpoint.id) and now - self._stopped.setdefault(endpoint.id, now) < STOP_GRACE:
            self.backend.stop(endpoint.id)
            return
        if not self.backend.clean_up(endpoint.id):
            return
        with self.leader.write() as tx:
            ledger.release(tx, endpoint.id, self.clock.now())
            tokens.revoke_subject(tx, endpoint.id, self.clock.now())
            store.delete(tx, endpoint.id)
        self.backend.forget(endpoint.id)
