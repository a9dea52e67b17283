"""What waits when the model becomes free goes to it together; a fault stays with the request that it belongs to."""

import asyncio
import threading
from typing import Any

import numpy as np
import pytest

from gristmill.serving import batching
from gristmill.serving.batch import Batch, raw_batch
from gristmill.serving.batching import MOST_ROWS, QUICK_ROWS, QUICK_S, Batcher
from gristmill.serving.errors import ModelFaultError, OverloadedError
from tests.serving_kit.functions import FunctionPredictor, signature_of

SIGNATURE = signature_of([{"type": "double", "name": "x"}])


def rows(*values: float) -> Batch:
    return SIGNATURE.parse("dataframe_records", [{"x": value} for value in values])


class Model:
    """Doubles x. It refuses negative x, and its calls can be held back."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Semaphore(0)
        self.calls: list[int] = []

    def __call__(self, frame: Any) -> Any:
        self.entered.release()
        self.free.wait(30)
        self.calls.append(len(frame))
        if (frame["x"] < 0).any():
            raise ValueError("negative")
        return frame["x"].to_numpy() * 2


async def held(model: Model, batcher: Batcher) -> "asyncio.Task[Any]":
    """The model is in a call and held there, so that what comes now waits."""
    model.free.clear()
    first = asyncio.ensure_future(batcher.predict(rows(0.0)))
    await asyncio.to_thread(model.entered.acquire)
    return first


async def all_waiting(batcher: Batcher, count: int) -> None:
    while batcher.waiting < count:  # noqa: ASYNC110 - the model's thread sets no event of the loop
        await asyncio.sleep(0)


async def test_requests_that_wait_are_answered_by_one_call() -> None:
    model = Model()
    batcher = Batcher(FunctionPredictor(model), joinable=True)
    first = await held(model, batcher)
    others = [asyncio.ensure_future(batcher.predict(rows(*values))) for values in ((1, 2), (3,), (4, 5, 6))]
    await all_waiting(batcher, 3)
    model.free.set()
    answers = [answer.tolist() for answer in await asyncio.gather(first, *others)]
    assert answers == [[0.0], [2.0, 4.0], [6.0], [8.0, 10.0, 12.0]]
    assert model.calls == [1, 6]
    assert (batcher.counts.calls, batcher.counts.rows) == (2, 7)


async def test_only_the_guilty_request_gets_the_error() -> None:
    model = Model()
    batcher = Batcher(FunctionPredictor(model), joinable=True)
    first = await held(model, batcher)
    others = [asyncio.ensure_future(batcher.predict(rows(value))) for value in (1, -1, 2)]
    await all_waiting(batcher, 3)
    model.free.set()
    answers = await asyncio.gather(first, *others, return_exceptions=True)
    assert answers[1].tolist() == [2.0]  # type: ignore[union-attr]
    assert isinstance(answers[2], ValueError)
    assert answers[3].tolist() == [4.0]  # type: ignore[union-attr]
    assert batcher.counts.joint_faults == 1


async def test_a_model_that_is_not_joinable_gets_one_request_at_a_time() -> None:
    model = Model()
    batcher = Batcher(FunctionPredictor(model), joinable=False)
    first = await held(model, batcher)
    others = [asyncio.ensure_future(batcher.predict(rows(value))) for value in (1, 2)]
    await all_waiting(batcher, 2)
    model.free.set()
    await asyncio.gather(first, *others)
    assert model.calls == [1, 1, 1]


async def test_requests_of_another_kind_are_answered_alone_and_in_order() -> None:
    model = Model()
    batcher = Batcher(FunctionPredictor(model), joinable=True)
    first = await held(model, batcher)
    frame = rows(9.0).data(FunctionPredictor(model).takes)
    others = [asyncio.ensure_future(batcher.predict(batch)) for batch in (rows(1), raw_batch(frame), rows(2), rows(3))]
    await all_waiting(batcher, 4)
    model.free.set()
    answers = [answer.tolist() for answer in await asyncio.gather(first, *others)]
    assert answers == [[0.0], [2.0], [18.0], [4.0], [6.0]]
    assert model.calls == [1, 1, 1, 2]


async def test_a_call_is_not_joined_beyond_its_bound() -> None:
    model = Model()
    batcher = Batcher(FunctionPredictor(model), joinable=True)
    first = await held(model, batcher)
    many = [1.0] * (MOST_ROWS - 1)
    others = [asyncio.ensure_future(batcher.predict(batch)) for batch in (rows(*many), rows(1, 2), rows(3))]
    await all_waiting(batcher, 3)
    model.free.set()
    await asyncio.gather(first, *others)
    assert model.calls == [1, MOST_ROWS - 1, 3]


async def test_more_than_may_wait_is_refused() -> None:
    model = Model()
    batcher = Batcher(FunctionPredictor(model), joinable=True, most_waiting=2)
    first = await held(model, batcher)
    others = [asyncio.ensure_future(batcher.predict(rows(value))) for value in (1, 2)]
    await all_waiting(batcher, 2)
    with pytest.raises(OverloadedError):
        await batcher.predict(rows(3))
    model.free.set()
    await asyncio.gather(first, *others)


async def test_a_request_whose_client_went_away_harms_nobody() -> None:
    model = Model()
    batcher = Batcher(FunctionPredictor(model), joinable=True)
    first = await held(model, batcher)
    gone, stays = (asyncio.ensure_future(batcher.predict(rows(value))) for value in (1, 2))
    await all_waiting(batcher, 2)
    gone.cancel()
    model.free.set()
    assert (await stays).tolist() == [4.0]
    assert (await first).tolist() == [0.0]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), StopIteration(1)])
async def test_a_model_that_wants_to_end_the_process_fails_its_request_only(error: BaseException) -> None:
    def leave(frame: Any) -> Any:
        if frame["x"].iloc[0] == 1:
            raise error
        return frame["x"].to_numpy()

    batcher = Batcher(FunctionPredictor(leave), joinable=True)
    with pytest.raises(ModelFaultError, match=type(error).__name__):
        await batcher.predict(rows(1))
    assert (await batcher.predict(rows(2))).tolist() == [2.0]


async def test_an_answer_that_is_not_made_of_rows_ends_joining() -> None:
    """A sum over all rows of a call must not be handed to several requests."""
    model = Model()

    def total(frame: Any) -> Any:
        model(frame)
        return np.array([frame["x"].sum()])

    batcher = Batcher(FunctionPredictor(total), joinable=True)
    first = await held(model, batcher)
    others = [asyncio.ensure_future(batcher.predict(rows(*values))) for values in ((1, 2), (3, 4))]
    await all_waiting(batcher, 2)
    model.free.set()
    answers = [answer.tolist() for answer in await asyncio.gather(first, *others)]
    assert answers == [[0.0], [3.0], [7.0]]
    assert not batcher.joinable


class WhereCalled:
    """In which threads a model was called; each call takes `seconds` of a time of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, quick: bool = True) -> None:
        self.threads: list[threading.Thread] = []
        self.seconds = self.now = 0.0
        monkeypatch.setattr(batching, "perf_counter", lambda: self.now)
        self.predictor = FunctionPredictor(self)
        self.predictor.quick = quick

    def __call__(self, frame: Any) -> Any:
        self.threads.append(threading.current_thread())
        self.now += self.seconds
        return frame["x"].to_numpy() * 2

    @property
    def in_loop(self) -> list[bool]:
        return [thread is threading.current_thread() for thread in self.threads]


async def test_a_quick_model_with_one_request_is_called_where_the_request_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = WhereCalled(monkeypatch)
    batcher = Batcher(model.predictor, joinable=True)
    answers = [(await batcher.predict(rows(value))).tolist() for value in (1, 2, 3)]
    assert answers == [[2.0], [4.0], [6.0]]
    assert model.in_loop == [False, True, True], "how long it takes is known after the first call"
    assert (batcher.counts.calls, batcher.counts.rows) == (3, 3)


async def test_a_quick_model_gets_what_comes_together_in_its_own_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    model = WhereCalled(monkeypatch)
    batcher = Batcher(model.predictor, joinable=True)
    await batcher.predict(rows(0))
    await asyncio.gather(batcher.predict(rows(1)), batcher.predict(rows(2)))
    await batcher.predict(rows(*range(QUICK_ROWS + 1)))
    assert not any(model.in_loop)


async def test_a_model_that_became_slow_holds_the_loop_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = WhereCalled(monkeypatch)
    batcher = Batcher(model.predictor, joinable=True)
    for value in (1, 2):
        await batcher.predict(rows(value))
    model.seconds = QUICK_S * 10
    for value in (3, 4):
        await batcher.predict(rows(value))
    assert model.in_loop == [False, True, True, False]


async def test_code_that_is_not_a_librarys_own_is_never_called_in_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    model = WhereCalled(monkeypatch, quick=False)
    batcher = Batcher(model.predictor, joinable=True)
    for value in (1, 2, 3):
        await batcher.predict(rows(value))
    assert not any(model.in_loop)


async def test_the_event_loop_stays_free_while_the_model_works() -> None:
    model = Model()
    batcher = Batcher(FunctionPredictor(model), joinable=True)
    first = await held(model, batcher)
    assert await asyncio.sleep(0, "free") == "free"
    model.free.set()
    await first


async def test_closing_ends_the_thread_after_what_waits() -> None:
    model = Model()
    others = set(threading.enumerate())
    batcher = Batcher(FunctionPredictor(model), joinable=True)
    (thread,) = set(threading.enumerate()) - others
    first = await held(model, batcher)
    last = asyncio.ensure_future(batcher.predict(rows(5)))
    await all_waiting(batcher, 1)
    batcher.close()
    model.free.set()
    assert (await last).tolist() == [10.0]
    await first
    await asyncio.to_thread(thread.join, 30)
    assert not thread.is_alive()
