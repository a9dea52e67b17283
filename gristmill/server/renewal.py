"""The lease renewed in a thread of its own: a long turn of the control loop must not cost the leadership."""

import logging
import threading
from collections.abc import Callable

from gristmill.core.errors import UnavailableError
from gristmill.core.lease import Leadership

log = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between two renewals or looks, well below a follower's patience
ALONE = 5.0  # where no other one can lead: for the page that says who does
STUCK = 300.0  # seconds; a loop that takes so long for a turn does nothing for anybody: another one may lead


class Renewal:
    """`turn_takes` says for how long the loop's turn has been under way; `changed` is called when this control plane
    begins to lead.
    """

    def __init__(
        self,
        leader: Leadership,
        *,
        turn_takes: Callable[[], float],
        changed: Callable[[], None],
        interval: float = INTERVAL,
    ) -> None:
        self._leader, self._turn_takes, self._changed, self._interval = leader, turn_takes, changed, interval
        self._stop = threading.Event()
        self._away = False
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends, and gives the lease back if this control plane leads."""
        self._stop.set()
        self._thread.join()
        try:
            self._leader.give_back()
        except UnavailableError as error:
            log.warning("the lease is not given back: %s", error.message)

    def look(self) -> None:
        """Renews, takes or watches the lease once; while the database is away that is said once."""
        led = self._leader.leading
        if led and self._turn_takes() > STUCK:
            return
        try:
            leads = self._leader.renew()
        except UnavailableError as error:
            if not self._away:
                log.warning("the lease cannot be looked at: %s", error.message)
            self._away = True
            return
        if self._away:
            log.info("the database is back")
        self._away = False
        if leads and not led:
            log.info("this control plane leads")
            self._changed()
        elif led and not leads:
            log.warning("another control plane leads now")

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(self._interval)
