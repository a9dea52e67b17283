"""One seed: runs are made, what the seed has drawn is killed, and when all is quiet what came of it is judged."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from gristmill.client import api
from gristmill.core.errors import GristmillError, NotFoundError, UnavailableError
from tests.integration.faults import invariants
from tests.integration.faults.kill_points import Arming, Plan, Role, Stage, Strike, draw
from tests.integration.faults.scene import Scene
from tests.integration.faults.sights import Process, Sight, processes

PATIENCE = 300.0  # seconds after which nothing may be left of what was killed
_LOOK = 0.005
_TIES = {Role.WORKER, Role.KERNEL}  # an attempt whose process of this kind is killed may fail


@dataclass
class Timeline:
    """What happened when, to be read when something is wrong."""

    began: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.lines.append(f"{time.monotonic() - self.began:8.3f}  {text}")


@dataclass(frozen=True)
class Verdict:
    plan: Plan
    struck: tuple[str, ...]  # kills that came about
    missed: tuple[str, ...]  # of which the moment did not come
    violations: tuple[str, ...]
    seconds: float
    lines: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not self.violations

    def __str__(self) -> str:
        head = f"seed {self.plan.seed}: {'good' if self.good else 'VIOLATED'}, {self.seconds:.0f} s"
        if self.good:
            return f"{head}, struck: {'; '.join(self.struck) or 'nothing'}"
        return "\n".join((head, str(self.plan), *self.violations, "timeline:", *self.lines))


def play(scene: Scene, seed: int) -> Verdict:
    """Plays a seed in this scene, which is as good as new after it."""
    return Trial(scene, draw(seed, cold=scene.cold)).play()


class Trial:
    def __init__(self, scene: Scene, plan: Plan) -> None:
        self._scene, self._plan = scene, plan
        self.names = tuple(f"{plan.seed}-{time.time_ns() % 10**9}-{n}" for n in range(len(plan.retries)))
        self.timeline = Timeline()
        self.hit: set[str] = set()  # attempts of which a process was killed
        self.struck: list[str] = []
        self._waiting = list(plan.strikes)
        self._due: list[tuple[float, Strike, str]] = []
        self._away = list(plan.away)
        self._stages: dict[tuple[str, int], Stage] = {}
        self._over = threading.Event()
        self._fault: BaseException | None = None

    def play(self) -> Verdict:
        for arming in self._plan.armings:
            _armed(self._scene, arming).write_bytes(b"." * arming.at)
        watcher = threading.Thread(target=self._watch, name="kills")
        watcher.start()
        try:
            for name, retries in zip(self.names, self._plan.retries, strict=True):
                self._submit(name, retries)
            violations = self._wait()
        finally:
            self._over.set()
            watcher.join()
        missed = [*map(str, self._waiting), *self._disarm()]
        if self._fault is not None:
            raise self._fault
        violations = violations or invariants.broken(self._scene, self.names, self.hit, self._plan, self.struck)
        return Verdict(
            plan=self._plan,
            struck=tuple(self.struck),
            missed=tuple(missed),
            violations=tuple(violations),
            seconds=time.monotonic() - self.timeline.began,
            lines=tuple(self.timeline.lines),
        )

    # What asks ------------------------------------------------------------------------------------------------------

    def _submit(self, name: str, retries: int) -> None:
        """Until the run is there, once: the answer may have been lost with who gave it."""
        while True:
            with self._revived(), self._scene.client() as client:
                try:
                    client.send(api.get_run(name))
                except NotFoundError:
                    client.send(api.create_run(self._scene.request(name, retries)))
                self.timeline.note(f"run {name} is there")
                return

    def _wait(self) -> list[str]:
        """Returns when nothing is under way any more; what did not come about in good time."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self._due or not self._quiet():
                time.sleep(0.02)  # processes end without telling
                self._revive()
                continue
            if self._scene.answers():
                return []
        return [f"not quiet after {PATIENCE:g} s: {[dict(row) for row in self._scene.view.rows(self.names)]}"]

    def _quiet(self) -> bool:
        rows = self._scene.view.rows(self.names)
        over = all(row["run_state"] in {"succeeded", "failed"} and row["closed_at"] for row in rows)
        return over and len(rows) == len(self.names)

    @contextmanager
    def _revived(self) -> Iterator[None]:
        try:
            yield
        except UnavailableError as error:
            self.timeline.note(f"no answer: {error.message[:150]}")
            self._revive()

    def _revive(self) -> None:
        """Starts the control plane where none lives, after the time that it stays away."""
        if self._scene.lives():
            return
        pause = self._away.pop(0) if self._away else 0.0
        self.timeline.note(f"the control plane is gone, for {pause:.2f} s more")
        time.sleep(pause)  # how long nobody starts it is part of the plan
        try:
            self._scene.client().close()
            self.timeline.note("the control plane is back")
        except GristmillError as error:
            self.timeline.note(f"the control plane did not come up: {error.message[-200:]}")

    # What kills -----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        try:
            with closing(self._scene.another_view()) as view:
                while not self._over.wait(_LOOK):
                    self._look(view.sights(self.names))
        except BaseException as error:  # noqa: BLE001  # raised where the seed is played
            self._fault = error

    def _look(self, sights: list[Sight]) -> None:
        self._note(sights)
        self._note_fired()
        self._become_due(sights)
        for due in [one for one in self._due if one[0] <= time.monotonic()]:
            self._strike(due[1], due[2])
            self._due.remove(due)

    def _note(self, sights: list[Sight]) -> None:
        for sight in sights:
            key = (sight.run, sight.attempt)
            if self._stages.get(key) != sight.stage:
                self._stages[key] = sight.stage
                self.timeline.note(f"run {sight.run} attempt {sight.attempt}: {sight.stage.name.lower()} {sight.id}")

    def _note_fired(self) -> None:
        for fired in (self._scene.points / "fired").iterdir():
            attempt = fired.read_text()
            self.hit.update(filter(None, [attempt]))
            self.timeline.note(f"KILLED: {fired.name} {attempt}")
            self.struck.append(fired.name)
            fired.unlink()

    def _become_due(self, sights: list[Sight]) -> None:
        for strike in list(self._waiting):
            for sight in sights:
                reached = (sight.attempt, sight.stage) >= (strike.attempt, strike.point.stage)
                if sight.run == self.names[strike.run] and reached and strike in self._waiting:
                    self._waiting.remove(strike)
                    self._due.append((time.monotonic() + strike.delay, strike, sight.id))

    def _strike(self, strike: Strike, attempt: str) -> None:
        role = strike.point.role
        ours = [one for one in processes(self._scene.home) if one.role is role]
        if role in _TIES:
            ours = [one for one in ours if one.attempt == attempt]
        if not ours:
            self.timeline.note(f"nobody to kill: {strike}")
        for process in ours:
            self._kill(process, strike)

    def _kill(self, process: Process, strike: Strike) -> None:
        if process.role in _TIES and process.attempt is not None:
            self.hit.add(process.attempt)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
            self.timeline.note(f"KILLED: {strike}: {process}")
            self.struck.append(strike.point.name)

    def _disarm(self) -> Iterator[str]:
        for arming in self._plan.armings:
            armed = _armed(self._scene, arming)
            if armed.exists():
                armed.unlink()
                yield str(arming)


def _armed(scene: Scene, arming: Arming) -> Path:
    return scene.points / "armed" / arming.point.name
