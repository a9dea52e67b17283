"""Keeps an endpoint serving what it should: one supervisor per local endpoint, which imports no model library.

Each step compares the generation that is desired with the one that serves, and acts on the difference: a worker for a
new generation is started beside the old one and takes over when it is ready; one that cannot be loaded leaves the old
one serving; a worker that died is started again.
"""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from gristmill.core.clock import Clock
from gristmill.core.errors import GristmillError, UnavailableError, UnsupportedError
from gristmill.endpoints.model import DesiredState, EndpointState, Observed, Phase
from gristmill.serving.child import Child
from gristmill.serving.download import remove_unused
from gristmill.serving.errors import LoadError
from gristmill.serving.folders import DESIRED, SERVING, EndpointFolder, live_variant
from gristmill.serving.listener import Listeners
from gristmill.serving.report import KeysInForce
from gristmill.serving.retries import MOST_DEATHS, Retries
from gristmill.serving.starting import DiedError, Starter

_STOP_PATIENCE_S = 30.0
_HANDOVER_PATIENCE_S = 70.0
_LOG = logging.getLogger("gristmill.serving")


class Supervisor:
    """`run` returns after `stop`. `changed` is set whenever `observed` has something new to tell."""

    def __init__(self, folder: EndpointFolder, starter: Starter, listeners: Listeners, clock: Clock) -> None:
        self.desired: DesiredState | None = None
        self.changed = asyncio.Event()
        self._folder = folder
        self._starter = starter
        self._listeners = listeners
        self._clock = clock
        self._served: DesiredState | None = None  # the newest that ever did
        self._serving: Child | None = None
        self._ready_at = 0.0
        self._tries: dict[int, asyncio.Task[None]] = {}  # by generation
        self._old: set[Child] = set()  # they finish what they have in flight
        self._background: set[asyncio.Task[None]] = set()
        self._retries = Retries()
        self._failed: tuple[int, GristmillError] | None = None
        self._trouble: GristmillError | None = None  # what keeps it from serving now, and may pass
        self._restarts = 0
        self._phase: tuple[int, Phase] | None = None  # of the newest try, by its generation
        self._stopping = False
        self._wake = asyncio.Event()

    def recall(self) -> None:
        """Takes up what the folder says of the time before this process."""
        self.desired = self._read(DESIRED)
        self._served = self._read(SERVING)

    def _read(self, name: str) -> DesiredState | None:
        try:
            return self._folder.read(self._folder.root / name)
        except UnsupportedError as error:
            _LOG.warning("%s is passed over: %s", name, error)
            return None

    def take(self, state: DesiredState) -> None:
        """`state` is what should be from now on; of one that waits, only who may call."""
        if state.waits:
            if self.desired is None:
                return
            state = replace(self.desired, key_hashes=state.key_hashes)
        if state == self.desired:
            return
        _LOG.info("generation %d is desired", state.generation)
        self._folder.write(self._folder.root / DESIRED, state)
        self.desired = state
        self._failed = self._trouble = None  # that was said of another one
        self._put_keys_in_force(state)
        self.changed.set()
        self._wake.set()

    def _put_keys_in_force(self, desired: DesiredState) -> None:
        """Who may call is the endpoint's and no generation's: every worker is told at once, whatever it serves.

        A worker that should serve the same with other keys needs no successor: it serves the new generation by that.
        """
        child = self._serving
        if child and child.state != desired and _but_keys(child.state, desired) == desired:
            child.state = self._served = desired
            self._failed = None
            self._folder.write(self._folder.generation(desired.generation), desired)
            self._remember(desired)
            self._tidy()
            self.changed.set()
        for one in filter(None, (child, *self._old)):
            one.tell(KeysInForce(generation=one.state.generation, key_hashes=desired.key_hashes))

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        try:
            while not self._stopping:
                self._wake.clear()
                pause = self._step()
                try:
                    await asyncio.wait_for(self._wake.wait(), pause)
                except TimeoutError:
                    continue
        finally:
            await self._end()

    def _step(self) -> float | None:
        """Starts what is due and ends what no longer is; the seconds to the next step that is known of."""
        if self._serving and not self._serving.alive:
            self._died(self._serving)
        due = self._due()
        for generation in self._tries.keys() - {state.generation for state in due}:
            self._tries.pop(generation).cancel()
        now = self._clock.monotonic()
        pauses = []
        for state in due:
            pause = self._retries.of(state.generation).at - now
            if state.generation in self._tries:
                continue
            if pause > 0:
                pauses.append(pause)
            else:
                self._tries[state.generation] = asyncio.ensure_future(self._try(state))
        return min(pauses, default=None)

    def _due(self) -> list[DesiredState]:
        """What should be started, or go on being started.

        Where nothing serves, the generation that served last comes first: it is known to load.
        """
        if self.desired is None:
            return []
        if self._serving:
            return [] if self._serving.state == self.desired else [self.desired]
        last = self._served
        if last is None or last.generation == self.desired.generation:
            return [self.desired]
        under_way = self.desired.generation in self._tries
        return [last, self.desired] if under_way or self._retries.of(last.generation).failures else [last]

    async def _try(self, state: DesiredState) -> None:
        """One try to serve `state`, with what follows from it."""
        retry = self._retries.of(state.generation)
        try:
            child = await self._starter.start(state, lambda phase: self._comes_to(state, phase))
        except DiedError as error:
            self._died_of_loading(state, error)
        except UnavailableError as error:
            retry.unavailable(self._clock.monotonic())
            self._in_trouble(error)
        except (GristmillError, OSError) as error:
            retry.failed(self._clock.monotonic())
            self._cannot(state, error if isinstance(error, GristmillError) else LoadError(f"{error}"))
        else:
            if self._serving and self._serving.state == self.desired:
                await child.stop(signal.SIGKILL, _STOP_PATIENCE_S)  # it came too late
            else:
                self._switch(child)
        finally:
            if self._tries.get(state.generation) is asyncio.current_task():
                del self._tries[state.generation]
            if self._phase and self._phase[0] == state.generation:
                self._phase = None
            self._wake.set()

    def _comes_to(self, state: DesiredState, phase: Phase) -> None:
        if self._phase != (state.generation, phase):
            self._phase = (state.generation, phase)
            self.changed.set()

    def _switch(self, child: Child) -> None:
        """`child` serves from now on; the one before it leaves in its own time."""
        old, self._serving, self._served = self._serving, child, child.state
        self._ready_at = self._clock.monotonic()
        self._trouble = None
        if self._failed and (child.state == self.desired or self._failed[0] == child.state.generation):
            self._failed = None
        self._remember(child.state)
        _LOG.info("generation %d serves (worker %d)", child.state.generation, child.pid)
        self._in_background(self._watch(child))
        if old:
            self._in_background(self._leave(old))
        self._listeners.keep_only((child.state.host, child.state.port))
        if self.desired:
            self._put_keys_in_force(self.desired)  # they may have changed while it was loaded
        self._tidy()
        self.changed.set()

    def _remember(self, state: DesiredState) -> None:
        try:
            self._folder.write(self._folder.root / SERVING, state)
        except OSError as error:  # it serves all the same; only the next start knows less
            _LOG.warning("%s cannot be written: %s", SERVING, error)

    async def _watch(self, child: Child) -> None:
        await child.exited.wait()
        self._wake.set()

    async def _leave(self, child: Child) -> None:
        self._old.add(child)
        await child.stop(signal.SIGUSR1, _HANDOVER_PATIENCE_S)
        self._old.discard(child)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _tidy(self) -> None:
        """Removes what no generation needs that is desired or served last."""
        states = [state for state in (self._served, self.desired) if state]
        self._retries.keep_only({state.generation for state in states})
        remove_unused(self._folder.models, {self._folder.model(live_variant(state)) for state in states})
        remove_unused(self._folder.generations, {self._folder.generation(state.generation) for state in states})

    def _died(self, child: Child) -> None:
        now = self._clock.monotonic()
        self._serving = None
        self._restarts += 1
        retry = self._retries.of(child.state.generation)
        if retry.died(now, lived=now - self._ready_at):
            self._cannot(child.state, _too_often(UnavailableError(f"worker {child.pid} {child.last_words()}")))
            return
        pause = f"in {retry.at - now:g} s" if retry.at > now else "at once"
        self._in_trouble(UnavailableError(f"worker {child.pid} {child.end()}; another is started {pause}"))

    def _died_of_loading(self, state: DesiredState, error: DiedError) -> None:
        retry, now = self._retries.of(state.generation), self._clock.monotonic()
        if state != self._served:
            retry.failed(now)
            self._cannot(state, error)
        elif retry.died(now, lived=0.0):
            self._cannot(state, _too_often(error))
        else:
            self._in_trouble(error)

    def _cannot(self, state: DesiredState, error: GristmillError) -> None:
        _LOG.error("generation %d cannot be served: %s", state.generation, error.message)
        self._failed = (state.generation, error)
        if self._serving is None and len(self._tries) <= 1:
            self._listeners.keep_only()  # better a refused connection than one that waits for nothing
        self.changed.set()

    def _in_trouble(self, error: GristmillError) -> None:
        _LOG.warning("%s", error.message)
        self._trouble = error
        self.changed.set()

    def observed(self) -> Observed | None:
        """What is to be told; None before there is a desired state."""
        if self.desired is None:
            return None
        serving = self._serving
        problem = self._failed[1] if self._failed else self._trouble
        return Observed(
            generation=serving.state.generation if serving else self.desired.generation,
            state=self._state(),
            message=problem.message if problem else None,
            hint=problem.hint if problem else None,
            variants=(serving.status,) if serving and serving.status else (),
            restarts=self._restarts,
            failed_generation=self._failed[0] if self._failed else None,
            phase=self._phase[1] if self._phase else None,
        )

    def _state(self) -> EndpointState:
        if self._stopping:
            return EndpointState.STOPPED
        if self._serving:
            return EndpointState.READY
        return EndpointState.FAILED if self._failed else EndpointState.STARTING

    async def _end(self) -> None:
        """Refuses new connections, lets the workers finish, and waits for them."""
        self._stopping = True
        self._listeners.keep_only()
        tries = list(self._tries.values())
        for task in tries:
            task.cancel()
        await asyncio.gather(*tries, return_exceptions=True)
        children = [*self._old, *filter(None, [self._serving])]
        await asyncio.gather(*(child.stop(signal.SIGTERM, _STOP_PATIENCE_S) for child in children))
        await asyncio.gather(*self._background)
        self.changed.set()


def _but_keys(state: DesiredState, desired: DesiredState) -> DesiredState:
    """`state` with the generation and, where they are others, the keys of `desired`."""
    if state.key_hashes == desired.key_hashes:
        return state  # the same was deployed again, which starts a worker anew
    return replace(state, generation=desired.generation, key_hashes=desired.key_hashes)


def _too_often(error: GristmillError) -> GristmillError:
    """Why a generation has failed whose workers die soon after their start; the last death as its reason."""
    return LoadError(
        f"workers died {MOST_DEATHS} times in a row soon after their start; at last {error.message}",
        hint=error.hint or "Mend what it says, then deploy again. It is tried again every five minutes.",
    )
