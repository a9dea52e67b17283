"""One step of the control loop over endpoints: each that should be there has a living supervisor."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from gristmill.core import tokens
from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.errors import GristmillError, UnavailableError
from gristmill.core.lease import Leadership, NotLeaderError
from gristmill.core.pace import Pace
from gristmill.core.scopes import SUPERVISOR_SCOPES, ActorKind
from gristmill.endpoints import service, store
from gristmill.endpoints.backends.base import EndpointBackend, Supervision
from gristmill.endpoints.model import Endpoint, EndpointState, Observed, last_lines
from gristmill.endpoints.starts import MOST, Next, Starts
from gristmill.ledger import service as ledger
from gristmill.ledger.model import ENDPOINT, TRY_OUT
from gristmill.profiles.model import Catalogue, Profile, ProfileUse
from gristmill.profiles.service import resolve

log = logging.getLogger(__name__)

STOP_GRACE = 50.0  # seconds until a supervisor is ended that has been asked to: 10 to answer on, 40 to drain


@dataclass
class EndpointsReconciler:
    """`url` is the control plane's own, as supervisors reach it."""

    db: Database
    leader: Leadership
    backend: EndpointBackend
    catalogue: Catalogue
    clock: Clock
    url: str
    _starts: Starts = field(default_factory=Starts)
    _stopped: dict[str, float] = field(default_factory=dict)  # when it was first asked to end

    def step(self) -> Pace:
        """Does what is due; busy while an endpoint is on its way up or down. One that only waits is not."""
        with self.db.read() as tx:
            wanted = store.load(tx, store.endpoints.c.deleting.is_(False))
            deleted = store.load(tx, store.endpoints.c.deleting.is_(True))
            held = ledger.profiles_held(tx)
        busy = False
        for endpoint in wanted:
            if endpoint.expires_at is not None and self._is_over(endpoint):
                busy = self._guarded(self._close, endpoint) or busy
            elif not self.backend.is_alive(endpoint.id):
                busy = self._guarded(self._start, endpoint) or busy
            elif held.get(endpoint.id) != endpoint.variants[0].profile:
                busy = self._guarded(self._change_profile, endpoint) or busy
            else:
                self._guarded(self._tell_what_holds_up, endpoint)
        for endpoint in deleted:
            self._guarded(self._remove, endpoint)
        return Pace.BUSY if busy or deleted else Pace.IDLE

    def _guarded(self, act: Callable[[Endpoint], bool], endpoint: Endpoint) -> bool:
        """One endpoint's fault must not stop the others: its page says what it is."""
        try:
            return act(endpoint)
        except NotLeaderError:
            raise
        except GristmillError as error:
            self._wait(endpoint, error.message)
            return isinstance(error, UnavailableError)  # the others last until somebody acts

    def _wait(self, endpoint: Endpoint, why: str | None) -> None:
        """A waiting endpoint is looked at often: only what is new is written."""
        if endpoint.waiting == why:
            return
        if why is not None:
            log.warning("endpoint %s: %s", endpoint.name, why)
        with self.leader.write() as tx:
            store.update(tx, endpoint.id, waiting=why)

    def _start(self, endpoint: Endpoint) -> bool:
        if self._starts.given_up(endpoint.id, endpoint.generation):
            return False
        due = self._starts.due(endpoint.id, endpoint.generation, self.clock.monotonic())
        if due is Next.GIVE_UP:
            return self._give_up(endpoint)
        if due is Next.PAUSE:
            return True
        profile = self._profile(endpoint)
        with self.db.read() as tx:
            waiting = ledger.waits_to_hold(tx, endpoint.id, profile, self.catalogue)
            holds = endpoint.id in ledger.profiles_held(tx)
        if waiting is not None and not holds:
            self._wait(endpoint, waiting)
            return False
        token = self._admit(endpoint, profile)
        self.backend.clean_up(endpoint.id)
        self._starts.started(endpoint.id, endpoint.generation, self.clock.monotonic())
        self.backend.start(
            Supervision(
                id=endpoint.id,
                name=endpoint.name,
                url=self.url,
                token=token,
                profile=profile,
                port=endpoint.port,
                serves=endpoint.url if endpoint.expires_at is None else None,
            )
        )
        return True

    def _admit(self, endpoint: Endpoint, profile: Profile) -> str:
        """The token of its next supervisor.

        One that has capacity on another profile and waits for more is started all the same: it goes on with what it
        served before.
        """
        with self.leader.write() as tx:
            now = self.clock.now()
            waiting = self._reserve(tx, endpoint, profile)
            # What a supervisor that is gone has said of itself is true no more.
            if waiting != endpoint.waiting or endpoint.observed is not None:
                store.update(tx, endpoint.id, waiting=waiting, observed=None)
            ledger.activate(tx, endpoint.id, now)
            tokens.revoke_subject(tx, endpoint.id, now)  # a supervisor that is gone needs its token no more
            return tokens.issue(
                tx,
                project_id=endpoint.project_id,
                kind=ActorKind.SUPERVISOR,
                name=f"endpoint {endpoint.name}",
                scopes=SUPERVISOR_SCOPES,
                now=now,
                subject=endpoint.id,
            )

    def _change_profile(self, endpoint: Endpoint) -> bool:
        """The interval on the old profile ends and one on the new begins; until that fits, the old model serves."""
        profile = self._profile(endpoint)
        with self.db.read() as tx:
            waiting = ledger.waits_to_hold(tx, endpoint.id, profile, self.catalogue)
        if waiting is not None:
            self._wait(endpoint, waiting)
            return False
        with self.leader.write() as tx:
            waiting = self._reserve(tx, endpoint, profile)
            ledger.activate(tx, endpoint.id, self.clock.now())
            store.update(tx, endpoint.id, waiting=waiting)
        self.backend.resize(endpoint.id, profile)
        return True

    def _tell_what_holds_up(self, endpoint: Endpoint) -> bool:
        """It has its capacity: if it waits, then for what its backend says."""
        self._wait(endpoint, self.backend.holdup(endpoint.id))
        return False

    def _reserve(self, tx: Tx, endpoint: Endpoint, profile: Profile) -> str | None:
        return ledger.reserve(
            tx,
            holder=endpoint.id,
            project_id=endpoint.project_id,
            subjects=[
                f"project:{endpoint.project_id}",
                f"person:{endpoint.created_by}",
                _subject(endpoint),
            ],
            profile=profile,
            catalogue=self.catalogue,
            now=self.clock.now(),
        )

    def _profile(self, endpoint: Endpoint) -> Profile:
        return resolve(self.catalogue, endpoint.variants[0].profile, ProfileUse.ENDPOINT)

    def _give_up(self, endpoint: Endpoint) -> bool:
        """It has failed until it is deployed again: it holds no capacity, and its page says what its log ends with."""
        if not self.backend.clean_up(endpoint.id):
            return True
        said = last_lines(self.backend.log_tail(endpoint.id))
        message = f"the endpoint's supervisor ended {MOST} times soon after its start"
        failed = Observed(
            generation=endpoint.generation,
            state=EndpointState.FAILED,
            message=f"{message}; its log ends with:\n{said}" if said else f"{message}, and wrote nothing",
            hint="Mend what its log says, then deploy again: that starts it anew.",
            failed_generation=endpoint.generation,
        )
        with self.leader.write() as tx:
            ledger.release(tx, endpoint.id, self.clock.now())
            tokens.revoke_subject(tx, endpoint.id, self.clock.now())
            store.update(tx, endpoint.id, waiting=None)
            service.see(tx, endpoint, failed, self.clock)
        log.error("endpoint %s: %s", endpoint.name, failed.message)
        self._starts.give_up(endpoint.id, endpoint.generation)
        return False

    def _is_over(self, endpoint: Endpoint) -> bool:
        """Whether a try-out has an outcome, or has had its time."""
        seen = endpoint.observed
        return (seen is not None and seen.state in service.OUTCOMES) or self._has_expired(endpoint)

    def _has_expired(self, endpoint: Endpoint) -> bool:
        return endpoint.expires_at is not None and self.clock.now() >= endpoint.expires_at

    def _close(self, endpoint: Endpoint) -> bool:
        """What a try-out has found stays until it expires; what it took to find it is free at once."""
        if self._has_expired(endpoint):
            return self._remove(endpoint)
        with self.db.read() as tx:
            if endpoint.id not in ledger.profiles_held(tx):
                return False
        if not self._is_gone(endpoint):
            return True
        with self.leader.write() as tx:
            ledger.release(tx, endpoint.id, self.clock.now())
            tokens.revoke_subject(tx, endpoint.id, self.clock.now())
        self.backend.forget(endpoint.id)
        return False

    def _is_gone(self, endpoint: Endpoint) -> bool:
        """Whether nothing of it lives; what does is asked to end, and ended after a while."""
        now = self.clock.monotonic()
        if self.backend.is_alive(endpoint.id) and now - self._stopped.setdefault(endpoint.id, now) < STOP_GRACE:
            self.backend.stop(endpoint.id)
            return False
        return self.backend.clean_up(endpoint.id)

    def _remove(self, endpoint: Endpoint) -> bool:
        if not self._is_gone(endpoint):
            return True
        with self.leader.write() as tx:
            ledger.release(tx, endpoint.id, self.clock.now())
            tokens.revoke_subject(tx, endpoint.id, self.clock.now())
            store.delete(tx, endpoint.id)
        self.backend.forget(endpoint.id)
        self._starts.forget(endpoint.id)
        self._stopped.pop(endpoint.id, None)
        return True


def _subject(endpoint: Endpoint) -> str:
    """By what those who wait for its capacity know it."""
    if endpoint.expires_at is None:
        return f"{ENDPOINT}{endpoint.name}"
    return f"{TRY_OUT}{endpoint.variants[0].model}/{endpoint.variants[0].version}"
