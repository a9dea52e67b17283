"""One step of the control loop over endpoints: each that should be there has a living supervisor."""

import logging
from dataclasses import dataclass

from gristmill.core import tokens
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import UnavailableError
from gristmill.core.lease import Leadership
from gristmill.core.scopes import SUPERVISOR_SCOPES, ActorKind
from gristmill.endpoints import store
from gristmill.endpoints.backends.base import EndpointBackend, Supervision
from gristmill.endpoints.model import Endpoint
from gristmill.ledger import service as ledger
from gristmill.profiles.model import Catalogue, ProfileUse
from gristmill.profiles.service import resolve

log = logging.getLogger(__name__)


@dataclass
class EndpointsReconciler:
    """`url` is the control plane's own, as supervisors reach it."""

    db: Database
    leader: Leadership
    backend: EndpointBackend
    catalogue: Catalogue
    clock: Clock
    url: str

    def step(self) -> bool:
        """Does what is due; whether an endpoint is on its way up or down."""
        with self.db.read() as tx:
            wanted = store.load(tx, store.endpoints.c.deleting.is_(False))
            deleted = store.load(tx, store.endpoints.c.deleting.is_(True))
        absent = [endpoint for endpoint in wanted if not self.backend.is_alive(endpoint.id)]
        for endpoint in absent:
            self._start(endpoint)
        for endpoint in deleted:
            self._remove(endpoint)
        return bool(absent or deleted)

    def _start(self, endpoint: Endpoint) -> None:
        profile = resolve(self.catalogue, endpoint.variants[0].profile, ProfileUse.ENDPOINT)
        with self.leader.write() as tx:
            now = self.clock.now()
            waiting = ledger.reserve(
                tx,
                holder=endpoint.id,
                project_id=endpoint.project_id,
                subjects=[f"project:{endpoint.project_id}", f"person:{endpoint.created_by}"],
                profile=profile,
                catalogue=self.catalogue,
                now=now,
            )
            if waiting != endpoint.waiting:
                store.update(tx, endpoint.id, waiting=waiting)
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
        try:
            self.backend.clean_up(endpoint.id)
            self.backend.start(Supervision(id=endpoint.id, name=endpoint.name, url=self.url, token=token))
        except UnavailableError as error:
            with self.leader.write() as tx:
                store.update(tx, endpoint.id, waiting=error.message)

    def _remove(self, endpoint: Endpoint) -> None:
        if self.backend.is_alive(endpoint.id):
            self.backend.stop(endpoint.id)
            return
        if not self.backend.clean_up(endpoint.id):
            return
        with self.leader.write() as tx:
            ledger.release(tx, endpoint.id, self.clock.now())
            tokens.revoke_subject(tx, endpoint.id, self.clock.now())
            store.delete(tx, endpoint.id)
        self.backend.forget(endpoint.id)
