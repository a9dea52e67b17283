"""When a generation is tried again."""

from gristmill.serving.retries import MOST_DEATHS, QUICK_S, Retries, Retry


def test_a_worker_that_dies_once_is_started_at_once() -> None:
    retry = Retry()
    retry.died(100.0, lived=5.0)
    assert retry.at == 100.0


def test_repeated_quick_deaths_are_answered_ever_later_up_to_a_bound() -> None:
    retry = Retry()
    pauses = []
    for count in range(1, MOST_DEATHS + 2):
        assert retry.died(100.0, lived=1.0) == (count >= MOST_DEATHS), "one too often has failed"
        pauses.append(retry.at - 100.0)
    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 300.0, 300.0]


def test_a_worker_that_lived_long_starts_with_a_clean_slate() -> None:
    retry = Retry()
    for _ in range(5):
        retry.died(100.0, lived=1.0)
    retry.died(200.0, lived=QUICK_S + 1)
    assert retry.at == 200.0


def test_a_model_that_does_not_load_is_tried_again_ever_later_up_to_a_bound() -> None:
    retry = Retry()
    pauses = []
    for _ in range(7):
        retry.failed(0.0)
        pauses.append(retry.at)
    assert pauses == [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]


def test_records_of_generations_that_are_gone_are_dropped() -> None:
    retries = Retries()
    retries.of(1).failed(0.0)
    retries.of(2).failed(0.0)
    retries.keep_only({2})
    assert (retries.of(1).failures, retries.of(2).failures) == (0, 1)
