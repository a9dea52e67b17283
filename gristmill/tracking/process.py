"""MLflow's own process, in a session of its own: it outlives the control plane and is adopted by the next one."""

import json
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from gristmill.core.clock import Clock
from gristmill.core.processes import holds_lock, kill_marked, log_tail, marked, reap, spawn_locked, terminate, trim
from gristmill.tracking.address import local_address
from gristmill.tracking.model import Health, TrackingState
from gristmill.tracking.server import MlflowServer
from gristmill.tracking.workspaces import NoWorkspaces, WorkspacePerProject

LOG = "mlflow.log"
# Carried by MLflow's process in its environment: it is found by this, never by a number that may have passed on.
MARK = "GRISTMILL_MLFLOW"
# How long it may hold its lock and not answer: the first start, with all migrations on a busy machine, takes 20 s.
PATIENCE_S = 180.0
LONGEST_PAUSE_S = 60.0
ASK_EVERY_S = 1.0
_PROBE = httpx.Timeout(2.0)


class MlflowProcess(MlflowServer):
    """Keeps one MLflow server alive in `folder`. `ensure` is one step of the control loop: it never waits for a start.

    Whether it lives is told by the lock that it holds, whether it works by its answer to a request.
    """

    def __init__(
        self, folder: Path, *, clock: Clock, environ: Mapping[str, str], several_projects: bool = False
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        self.folder = folder
        self.address = replace(local_address(folder), reason=lambda: self._state.reason)
        self.workspaces = WorkspacePerProject(self.address) if several_projects else NoWorkspaces()
        self._clock = clock
        self._environ = {**_without_mlflow(environ), **_settings(folder)}
        self._several_projects = several_projects
        self._kind = ("--workspaces",) if several_projects else ()
        self._started = False
        self._step = threading.Lock()
        self._failures = 0
        self._next_start = 0.0
        self._silent_since: float | None = None
        self._asked = 0.0
        self._state = TrackingState(health=Health.AWAY, since=clock.now(), reason="MLflow was not started yet")

    @property
    def state(self) -> TrackingState:
        """What the last `ensure` saw."""
        return self._state

    @property
    def pid(self) -> int | None:
        """The process that runs now; None if there is none."""
        note = self._note()
        return None if note is None else int(note["pid"])

    def _note(self) -> dict[str, Any] | None:
        """What the process that runs now has said of itself, once it was there."""
        if not holds_lock(self.folder):
            return None
        try:
            note: dict[str, Any] = json.loads((self.folder / "process.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return note

    def ensure(self) -> TrackingState:
        """Starts MLflow if it is not there, adopts it if it is, and tells how it stands."""
        if self._step.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._step.release()
        return self._state

    def wait_ready(self, timeout: float) -> TrackingState:
        """As `ensure`, again and again until it is ready or `timeout` seconds have passed."""
        deadline = time.monotonic() + timeout
        while not self.ensure().ready and time.monotonic() < deadline:
            time.sleep(0.05)
        return self._state

    def stop(self, grace: float = 10.0) -> None:
        """Ends MLflow and waits for its end. The next `ensure` starts it again."""
        with self._step:
            for process in marked(MARK, str(self.folder)):
                terminate(process)
            if not self._gone(grace):
                kill_marked(MARK, str(self.folder))
                self._gone(grace)
            self._failures, self._next_start = 0, 0.0
            self._become(Health.AWAY, "MLflow was stopped")

    def _look(self) -> None:
        reap()
        trim(self.folder / LOG)
        if not holds_lock(self.folder):
            self._start()
        elif self._state.ready and self._clock.monotonic() < self._asked + ASK_EVERY_S:
            return  # it lives, and has answered a moment ago: steps come much faster than that
        elif not self._state.ready and self._is_of_another_kind():
            kill_marked(MARK, str(self.folder))
            self._become(Health.STARTING, "MLflow is started anew: it was one for another number of projects")
        elif self._answers():
            self._failures, self._next_start, self._silent_since = 0, 0.0, None
            self._asked = self._clock.monotonic()
            self._become(Health.READY)
        else:
            self._endure()

    def _is_of_another_kind(self) -> bool:
        """Whether one that an earlier control plane has left keeps projects apart and this one needs none, or so."""
        note = None if self._started else self._note()
        return note is not None and note.get("workspaces", False) is not self._several_projects

    def _start(self) -> None:
        wait = self._next_start - self._clock.monotonic()
        if wait > 0:
            self._become(Health.AWAY, f"MLflow ended at its start and is started again; its log says: {self._last()}")
            return
        reason = "MLflow ended and is started again" if self._state.ready or self._failures else "MLflow is starting"
        spawn_locked(
            [*_ARGV, *self._kind, "--folder", str(self.folder), "--socket", str(self.address.socket)],
            self.folder,
            environ=self._environ,
            token="",
            log=LOG,
        )
        self._started = True
        self._failures += 1
        self._next_start = self._clock.monotonic() + min(LONGEST_PAUSE_S, 2.0**self._failures)
        self._silent_since = self._clock.monotonic()
        self._become(Health.STARTING, reason)

    def _endure(self) -> None:
        """It lives and does not answer: it is starting, or it hangs."""
        now = self._clock.monotonic()
        if self._silent_since is None:
            self._silent_since = now
        if now - self._silent_since > PATIENCE_S:
            kill_marked(MARK, str(self.folder))
            self._silent_since = None
            self._become(Health.AWAY, f"MLflow did not answer for {PATIENCE_S:.0f} s and was ended")
        elif self._state.health is not Health.STARTING:
            adopted = not self._started and not self._state.ready
            self._become(
                Health.STARTING if adopted else Health.AWAY,
                "MLflow is starting" if adopted else "MLflow's process lives but does not answer",
            )

    def _answers(self) -> bool:
        try:
            with self.address.client(_PROBE) as client:
                return client.get("/health").status_code == 200
        except httpx.HTTPError:
            return False

    def _become(self, health: Health, reason: str | None = None) -> None:
        if (health, reason) != (self._state.health, self._state.reason):
            same = health is self._state.health
            since = self._state.since if same else self._clock.now()
            self._state = TrackingState(health=health, since=since, reason=reason)

    def _gone(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while holds_lock(self.folder) and time.monotonic() < deadline:
            time.sleep(0.02)
        reap()
        return not holds_lock(self.folder)

    def _last(self) -> str:
        lines = [line.strip() for line in log_tail(self.folder / LOG).splitlines() if line.strip()]
        return lines[-1][:300] if lines else "nothing"


_ARGV = (sys.executable, "-m", "gristmill.tracking.mlflow_process")


def _settings(folder: Path) -> dict[str, str]:
    return {
        MARK: str(folder),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its job runner is more processes, which run code
        "MLFLOW_ENABLE_AI_GATEWAY": "false",  # it keeps secrets and calls out
        "MLFLOW_SERVER_ENABLE_CUSTOM_SCORERS": "false",  # they are code
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MALLOC_ARENA_MAX": "2",  # forty threads would otherwise keep a heap each
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
    }


def _without_mlflow(environ: Mapping[str, str]) -> dict[str, str]:
    """What a user has set for MLflow is meant for clients; a server that read it might end up as its own client."""
    return {
        name: value for name, value in environ.items() if not name.startswith(("MLFLOW_", "_MLFLOW_", "GRISTMILL_"))
    }
