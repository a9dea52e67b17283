import time

from gristmill.worker.stop import Stop, StopReason


def test_the_first_reason_stands() -> None:
    stop = Stop()
    assert stop.reason is None
    stop.request(StopReason.CANCELLED)
    stop.request(StopReason.REFUSED)
    assert stop.reason is StopReason.CANCELLED


def test_asked_again_nothing_is_waited_for() -> None:
    stop = Stop(grace=5)
    stop.request(StopReason.CANCELLED)
    assert stop.grace == 5
    stop.request(StopReason.CANCELLED)
    assert stop.grace == 0


def test_the_deadline_is_a_reason_of_its_own() -> None:
    stop = Stop()
    stop.at(time.monotonic() + 1000)
    assert stop.reason is None
    stop.at(time.monotonic() - 1)
    assert stop.reason is StopReason.TIMEOUT
