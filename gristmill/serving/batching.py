"""Requests to one model: whatever waits when the model becomes free goes to it together.

It is called in a thread of its own, so that the event loop stays free; where a quick model has one request only, in the
loop itself, which spares two waits for another thread to wake.
"""

import asyncio
import math
import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import Any

from gristmill.serving.batch import Batch, join
from gristmill.serving.errors import ModelFaultError, OverloadedError
from gristmill.serving.flavors.base import Predictor
from gristmill.serving.predictions import cut, rows_of

MOST_ROWS = 1024  # in one call that joins requests; a single request may be larger
MOST_WAITING = 512
QUICK_S = 0.02  # a call that usually takes no longer may hold up the event loop
QUICK_ROWS = 16
_WEIGHT = 0.2  # of the last call in what a call usually takes


@dataclass(slots=True)
class _Waiting:
    batch: Batch
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


@dataclass(slots=True)
class BatchCounts:
    """What the model did. Only who calls it writes; readers see whole numbers."""

    calls: int = 0
    rows: int = 0
    seconds: float = 0.0
    joint_faults: int = 0  # calls for several requests that failed and were made again one by one


class Batcher:
    """Calls `predictor`, one call at a time. Made inside the running loop.

    A call that fails is made again with one request at a time: only the guilty one gets its error. `joinable` False
    means one request a call from the start. Requests with parameters or with other columns are never joined.
    """

    def __init__(self, predictor: Predictor, *, joinable: bool, most_waiting: int = MOST_WAITING) -> None:
        self.joinable = joinable
        self.counts = BatchCounts()
        self._predictor = predictor
        self._most_waiting = most_waiting
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._held: _Waiting | None = None  # taken from the queue, and not of a kind with those before it
        self._arrived: list[_Waiting] = []  # since the loop's last turn
        self._handed = 0  # to the thread, and not yet answered
        self._usual_s = math.inf
        threading.Thread(target=self._run, name="model", daemon=True).start()

    @property
    def waiting(self) -> int:
        return len(self._arrived) + self._queue.qsize()

    def close(self) -> None:
        """Ends the thread after all that waits now."""
        self._hand_over()
        self._queue.put(None)

    async def predict(self, batch: Batch) -> Any:
        """The model's answer for these rows; whatever the model raises.

        Raises:
            OverloadedError: too many requests wait already.
        """
        if self.waiting >= self._most_waiting:
            raise OverloadedError(
                f"{self._most_waiting} requests wait for the model, which is as many as may",
                hint="Try again after the time in Retry-After, or deploy with more of the processor.",
            )
        waiting = _Waiting(batch, self._loop.create_future())
        self._arrived.append(waiting)
        if len(self._arrived) == 1:
            self._loop.call_soon(self._begin)  # after the others that this turn of the loop brings
        return await waiting.future

    def _begin(self) -> None:
        if self._handed or len(self._arrived) != 1 or not self._is_quick(self._arrived[0].batch):
            self._hand_over()
            return
        group, self._arrived = self._arrived, []
        self._answer(group)
        _resolve(group)

    def _is_quick(self, batch: Batch) -> bool:
        return self._predictor.quick and self._usual_s <= QUICK_S and batch.rows <= QUICK_ROWS

    def _hand_over(self) -> None:
        self._handed += len(self._arrived)
        for waiting in self._arrived:
            self._queue.put(waiting)
        self._arrived = []

    def _take_back(self, group: list[_Waiting]) -> None:
        self._handed -= len(group)
        _resolve(group)

    def _run(self) -> None:
        while (first := self._held or self._queue.get()) is not None:
            self._held = None
            group = [first]
            closing = self._gather(group) if self.joinable else False
            self._answer(group)
            try:
                self._loop.call_soon_threadsafe(self._take_back, group)
            except RuntimeError:  # the loop is closed: nobody waits any more
                return
            if closing:
                return

    def _gather(self, group: list[_Waiting]) -> bool:
        """Adds the requests behind the first that join it; whether the end of the queue was among them."""
        rows = group[0].batch.rows
        while rows < MOST_ROWS:
            try:
                following = self._queue.get_nowait()
            except Empty:
                return False
            if following is None:
                return True
            rows += following.batch.rows
            if rows > MOST_ROWS or not group[0].batch.joins(following.batch):
                self._held = following
                return False
            group.append(following)
        return False

    def _answer(self, group: list[_Waiting]) -> None:
        if len(group) > 1 and self._together(group):
            return
        for waiting in group:
            try:
                waiting.result = self._call(waiting.batch)
            except Exception as error:  # noqa: BLE001 - handed to the request that it belongs to
                waiting.error = error

    def _together(self, group: list[_Waiting]) -> bool:
        """Whether one call answered them all."""
        sizes = [waiting.batch.rows for waiting in group]
        try:
            predictions = self._call(join([waiting.batch for waiting in group]))
        except Exception:  # noqa: BLE001 - each is called again alone, and the guilty one raises again
            self.counts.joint_faults += 1
            return False
        if rows_of(predictions) != sum(sizes):
            self.joinable = False
            return False
        for waiting, part in zip(group, cut(predictions, sizes), strict=True):
            waiting.result = part
        return True

    def _call(self, batch: Batch) -> Any:
        start = perf_counter()
        try:
            return self._predictor.predict(batch.data(self._predictor.takes), batch.params)
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, StopIteration):
                raise
            # SystemExit and its like would end this thread, and a future takes no StopIteration.
            raise ModelFaultError(f"the model raised {type(error).__name__}: {error}") from error
        finally:
            took = perf_counter() - start
            self.counts.calls += 1
            self.counts.rows += batch.rows
            self.counts.seconds += took
            usual = self._usual_s
            self._usual_s = took if usual == math.inf else usual + _WEIGHT * (took - usual)


def _resolve(group: list[_Waiting]) -> None:
    for waiting in group:
        if waiting.future.done():
            continue  # its request was cancelled
        if waiting.error is None:
            waiting.future.set_result(waiting.result)
        else:
            waiting.future.set_exception(waiting.error)
