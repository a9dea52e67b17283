import pytest

from gristmill.core.errors import ConflictError, UnavailableError
from gristmill.worker.bridging import bridged


class Other:
    """Away for a number of calls; time passes only in pauses."""

    def __init__(self, away: int) -> None:
        self.away = away
        self.calls = 0
        self.now = 0.0
        self.pauses: list[float] = []

    def call(self) -> str:
        self.calls += 1
        if self.calls <= self.away:
            raise UnavailableError("away")
        return "answer"

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_what_comes_back_is_answered() -> None:
    other = Other(away=8)
    answer = bridged(other.call, give_up=lambda _: False, pause=other.pause, clock=lambda: other.now)
    assert answer == "answer"
    assert other.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_ten_minutes_are_bridged_and_no_more() -> None:
    other = Other(away=10**6)
    with pytest.raises(UnavailableError):
        bridged(other.call, give_up=lambda failed: failed >= 600, pause=other.pause, clock=lambda: other.now)
    assert 600 <= other.now < 606


def test_a_refusal_is_not_tried_again() -> None:
    def refuse() -> None:
        raise ConflictError("no")

    with pytest.raises(ConflictError):
        bridged(refuse, give_up=lambda _: False, pause=lambda _: pytest.fail("waited"))
