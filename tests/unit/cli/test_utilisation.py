"""What a run used, in words."""

from typing import Any

from gristmill.cli.utilisation import used, with_utilisation
from gristmill.runs.model import RunDetail
from gristmill.utilisation.model import Advice, Sizing, Utilisation, UtilisationPoint
from tests.unit.cli.made import a_run

GB = 10**9
POINT = UtilisationPoint(at=5, seconds=5, cpu=0.94, cpu_peak=2, memory=2 * GB, memory_peak=3 * GB)


def of(**changes: Any) -> Utilisation:
    told: dict[str, Any] = {
        "run": "run_1",
        "attempt": "attempt_1",
        "profile": "small",
        "given": None,
        "seconds": 5.0,
        "busy": 0.9,
        "cpu_peak": 2.0,
        "memory_peak": 3 * GB,
        "gpu_peak": None,
        "gpu_memory_peak": None,
        "advice": None,
        "points": (POINT,),
    }
    return Utilisation(**{**told, **changes})


def test_of_a_run_that_goes_on_it_is_said_what_it_uses_now() -> None:
    assert used(of()).text == "2 GB, 0.9 cores; peak 3 GB"


def test_of_one_that_is_over_the_advice() -> None:
    larger = used(of(advice=Advice(sizing=Sizing.LARGER, says="memory ran out")))
    assert (larger.text, larger.colour) == ("memory ran out", "yellow")
    assert used(of(advice=Advice(sizing=Sizing.FITS, says="peak 1 of 2 GB"))).colour is None


def test_of_one_that_was_not_looked_at_nothing() -> None:
    assert used(None).text == used(of(points=())).text == ""


def test_json_has_the_run_as_it_was_and_a_summary_without_points() -> None:
    detail = RunDetail(run=a_run(), attempts=(), outputs=())
    told = with_utilisation(detail, of())
    assert told["run"]["name"] == "train-41"
    assert told["utilisation"]["memory_peak"] == 3 * GB
    assert "points" not in told["utilisation"]
    assert with_utilisation(detail, None)["utilisation"] is None
