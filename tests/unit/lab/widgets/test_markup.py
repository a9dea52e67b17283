from gristmill_lab.widgets import markup, plots

from gristmill.core.errors import Fault, InvalidInputError
from gristmill.tracking.model import MetricHistory


def test_whatever_a_notebook_or_a_person_named_is_text() -> None:
    table = markup.table([("<a>", "<img src=x>"), ("b", markup.state("failed"))], label='"><script>')
    assert "<img" not in table
    assert "<script>" not in table
    assert "&lt;a&gt;" in table
    assert "✗" in table, "a state is a sign and a word"


def test_a_refusal_says_what_why_and_what_to_do() -> None:
    faults = tuple(Fault(where=name, message=f"<{name}> is wrong") for name in "ab")
    said = markup.problem(InvalidInputError("two faults", hint="Look.", faults=faults), "Run")
    assert all(part in said for part in ("Run did not work", "two faults", "Look.", "&lt;b&gt; is wrong", "alert"))


def test_only_metrics_with_steps_are_drawn_and_told_in_words() -> None:
    curve = MetricHistory(name="loss", steps=(0, 1, 2), values=(1.0, None, 0.25))
    shown = plots.curves([curve, MetricHistory(name="auc", steps=(0,), values=(0.9,))])
    assert shown is not None
    assert [trace["name"] for trace in shown["data"]] == ["loss"]
    assert plots.in_words(shown) == "loss: 1 … 0.2500 (2 values)"
    assert plots.curves([]) is None
    (output,) = plots.as_output(shown, "<loss>")
    assert output["data"]["text/html"] == "<p>&lt;loss&gt;</p>"
