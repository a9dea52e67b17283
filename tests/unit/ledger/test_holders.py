from datetime import UTC, datetime

from gristmill.ledger.holders import held_by
from gristmill.ledger.model import Reservation
from gristmill.ledger.service import lacking_share
from gristmill.profiles.model import Resources


def reservation(*subjects: str, cpu: float = 1) -> Reservation:
    now = datetime.now(UTC)
    return Reservation(
        id="r",
        project_id="p",
        holder="h",
        subjects=("project:default", *subjects),
        profile="medium",
        resources=Resources(cpu=cpu),
        requested_at=now,
    )


def test_an_endpoint_is_named_with_what_frees_it() -> None:
    said = held_by([reservation("endpoint:churn")], ["small"])
    assert said == (
        "endpoint churn holds the rest; `gristmill endpoints delete churn` frees some; "
        "`--profile small` would start now"
    )


def test_runs_are_named_and_those_beyond_three_counted() -> None:
    runs = [reservation(f"run:train-{number}") for number in range(1, 6)]
    assert held_by(runs, []) == "runs train-1, train-2, train-3 and 2 more hold the rest"
    assert held_by([*runs[:1], reservation("endpoint:a")], []).startswith("endpoint a and run train-1 hold the rest")


def test_what_reserved_without_a_name_is_counted() -> None:
    assert held_by([reservation(), reservation("run:x")], []) == "run x and 1 other hold the rest"


def test_a_kept_kernel_is_named_with_what_ends_it() -> None:
    said = held_by([reservation("kernel:train-3")], [])
    assert said == "kept kernel train-3 holds the rest; `gristmill kernels end train-3` frees some"


def test_who_holds_most_of_what_is_waited_for_is_named_first_and_by_itself() -> None:
    runs = [reservation(f"run:train-{number}", cpu=number) for number in range(1, 6)]
    said = held_by(runs, [], lambda held: held.cpu)
    assert said == "runs train-5, train-4, train-3 and 2 more hold the rest, most of it run train-5"
    endpoints = [reservation("endpoint:a"), reservation("endpoint:b", cpu=2), reservation("run:x", cpu=2)]
    said = held_by(endpoints, [], lambda held: held.cpu)
    assert said == "endpoints b, a and run x hold the rest; `gristmill endpoints delete b` frees some", "two as much"


def test_a_share_is_of_what_lacks_alone() -> None:
    wanted, free = Resources(cpu=2, memory=8), Resources(cpu=4, memory=2)
    assert lacking_share(wanted, free, Resources(cpu=8, memory=4)) == 0.5
