import sys

import pytest

from tools import check


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three steps, the second of which fails and says why."""
    fails = (sys.executable, "-c", "raise SystemExit('it is broken')")
    passes = (sys.executable, "-c", "print('nobody asked')")
    monkeypatch.setattr(check, "STEPS", {"first": passes, "second": fails, "third": passes})


@pytest.mark.usefixtures("steps")
def test_all_steps_run_though_one_fails_and_the_end_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([]) == 1
    printed = capsys.readouterr().out
    assert "check: third ok" in printed
    assert "it is broken" in printed
    assert printed.endswith("check: failed: second\n")


@pytest.mark.usefixtures("steps")
def test_named_steps_run_alone_and_one_that_passes_keeps_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["first"]) == 0
    assert "nobody asked" not in capsys.readouterr().out


@pytest.mark.usefixtures("steps")
def test_a_step_that_does_not_exist_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["forth"]) == 2
    assert "no step forth; there are: first, second, third" in capsys.readouterr().out
