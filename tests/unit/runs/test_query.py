"""The language of queries: what it understands, and where it says that it does not."""

from datetime import UTC, datetime

import pytest

from gristmill.runs.query import And, Comparison, Field, Not, Or, Query, QueryError, Text, parse, parse_field

AUC = Comparison(Field("metrics", "auc"), ">", (0.9,))
DEPTH = Comparison(Field("params", "depth"), "=", (6.0,))
FAILED = Comparison(Field("state"), "=", ("failed",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.auc > 0.9 and params.depth = 6", And((AUC, DEPTH))),
        ("metric.auc>.9 AND parameters.depth==6.0", And((AUC, DEPTH))),
        ("metrics.auc > 0.9 or params.depth = 6 and state = failed", Or((AUC, And((DEPTH, FAILED))))),
        ("(metrics.auc > 0.9 or params.depth = 6) and not state = FAILED", And((Or((AUC, DEPTH)), Not(FAILED)))),
        ("churn", Text("churn")),
        ('"and so on"', Text("and so on")),
        ("metrics.'val loss' <= 1e-3", Comparison(Field("metrics", "val loss"), "<=", (0.001,))),
        ('labels.stage = "not \\"good\\""', Comparison(Field("labels", "stage"), "=", ('not "good"',))),
        ("params.flag = true", Comparison(Field("params", "flag"), "=", (True,))),
        ('params.code = "007"', Comparison(Field("params", "code"), "=", ("007",))),
        ("state in (failed, cancelled)", Comparison(Field("state"), "in", ("failed", "cancelled"))),
        ("name not like train%", Not(Comparison(Field("name"), "like", ("train%",)))),
        ("duration > 2 min", Comparison(Field("duration"), ">", (120.0,))),
        ("duration >= 1.5h", Comparison(Field("duration"), ">=", (5400.0,))),
        (
            "created > 2026-11-28T10:00",
            Comparison(Field("created"), ">", (datetime(2026, 11, 28, 10, tzinfo=UTC),)),
        ),
        ("params.x = -5", Comparison(Field("params", "x"), "=", (-5.0,))),
        ("  ", None),
    ],
)
def test_a_query_is_understood(text: str, expected: Query | None) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("metrics.auc >", 13, "expected a value after >, got the end"),
        ("metrics.auc > high", 14, "metrics.auc is a number, got 'high'"),
        ("auc > 0.9", 0, "there is no field 'auc'"),
        ("metrics.auc", 11, "expected an operator after metrics.auc"),
        ("state = faild", 8, "there is no state 'faild'"),
        ("state > failed", 6, "state is a text: expected one of"),
        ("params.mode < fast", 12, "< compares numbers, got 'fast'"),
        ("metrics.auc > 0.9 and", 21, "expected a field"),
        ("metrics.auc > 0.9 params.depth = 6", 18, "expected and, or, or the end, got 'params.depth'"),
        ("(state = failed", 15, "expected and, or, or ), got the end"),
        ("two words", 4, "expected and, or, an operator"),
        ("name = 'open", 7, "a quote is not closed"),
        ("metrics.auc ! 3", 12, "'!' is not understood"),
        ("duration > soon", 11, "duration is in seconds or with a unit"),
        ("created > yesterday", 10, "a time was expected"),
        ("state in failed", 9, "expected ( after in"),
        ("metrics. > 3", 0, "expected a name after metrics."),
        ("(" * 50 + "a" + ")" * 50, 41, "nested deeper than 40"),
        ("a or " * 80 + "a", 300, "more than 60 comparisons"),
        ("x" * 2001, 2000, "at most 2000 are allowed"),
    ],
)
def test_what_is_not_understood_is_said_with_its_place(text: str, position: int, said: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert refused.value.position == position
    assert said in refused.value.message
    assert f"character {position + 1}" in refused.value.message
    assert refused.value.faults[0].where == f"query:{position}"


def test_a_name_that_is_misspelt_is_offered() -> None:
    for text, offered in (("stat = failed", "state"), ("metrcs.auc > 1", "metrics.auc"), ("state = faild", "failed")):
        with pytest.raises(QueryError) as refused:
            parse(text)
        assert f"Did you mean {offered}" in (refused.value.hint or "")


def test_one_sorts_by_a_field() -> None:
    assert parse_field('metrics."val loss"') == Field("metrics", "val loss")
    with pytest.raises(QueryError):
        parse_field("planet")
