"""PostgreSQL's NOTIFY heard: what another process has committed wakes this one. A notification that is lost costs a
delay until the next poll, never an event.
"""

import logging
import threading
from collections.abc import Callable

from gristmill.core import database_engines as engines
from gristmill.core.database import Database

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two looks whether it is to end
PAUSE = 1.0  # seconds between two tries to connect


class Listener:
    """A thread with a connection of its own, which it makes anew whenever it breaks."""

    def __init__(self, db: Database, wake: Callable[[], None]) -> None:
        self._engine, self._place, self._wake = db.engine, db.place, wake
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._heard = True

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        import psycopg

        while not self._stop.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                if self._heard:
                    log.warning("notifications of %s are not heard: %s", self._place, str(error).strip())
                self._heard = False
                self._stop.wait(PAUSE)

    def _listen(self) -> None:
        with engines.connect_alone(self._engine) as connection:
            connection.execute(f"LISTEN {engines.CHANNEL}")
            if not self._heard:
                log.info("notifications of %s are heard again", self._place)
            self._heard = True
            self._wake()  # whatever was committed while nobody listened
            while not self._stop.is_set():
                for _ in connection.notifies(timeout=LOOK, stop_after=1):
                    self._wake()


def listener(db: Database, wake: Callable[[], None]) -> Listener | None:
    """None for SQLite: nobody else writes there."""
    return None if db.is_sqlite else Listener(db, wake)
