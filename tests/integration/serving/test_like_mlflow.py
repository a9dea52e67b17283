"""The endpoint answers what MLflow's own scoring server answers."""

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from fastapi import FastAPI

from gristmill.serving.app import EndpointApp
from tests.serving_kit.endpoint import JSON, ask, desired, served
from tests.serving_kit.models import customers, numbers
from tests.serving_kit.store import Models

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # what MLflow's server warns about is not ours
]


@lru_cache(maxsize=32)
def mlflow_app(folder: Path) -> FastAPI:
    import mlflow.pyfunc
    from mlflow.pyfunc import scoring_server

    app: FastAPI = scoring_server.init(mlflow.pyfunc.load_model(str(folder)))
    return app


async def ask_mlflow(folder: Path, method: str, path: str, body: bytes = b"", content_type: str = "") -> httpx.Response:
    transport = httpx.ASGITransport(mlflow_app(folder))
    async with httpx.AsyncClient(transport=transport, base_url="http://mlflow") as client:
        return await client.request(method, path, content=body, headers={"content-type": content_type})


def split(frame: pd.DataFrame, *, index: bool = False) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(frame.to_json(orient="split"))
    if not index:
        del content["index"]
    return {"dataframe_split": content}


def records(frame: pd.DataFrame) -> dict[str, Any]:
    return {"dataframe_records": json.loads(frame.to_json(orient="records"))}


TABLE = customers(5)
NUMBERS = numbers(4)
MATRIX = NUMBERS.to_numpy().tolist()
GAPS = TABLE.assign(minutes=[1.0, math.nan, 2.0, math.nan, 0.0], state=pd.Series(["KS", None, "OH", None, "??"]))
EVERY_TYPE = {
    "boolean": True,
    "integer": 7,
    "long": 2**40,
    "float": 1.5,
    "double": 2.5,
    "string": "text",
    "binary": "aGVsbG8=",
    "datetime": "2026-01-31T12:00:00",
    "numbers": [1.5, 2.5],
    "words": [["a", "b"], []],
    "thing": {"id": 1, "note": "n"},
    "scores": {"x": 0.5},
    "anything": {"free": [1, "two"]},
    "extra": "more",
}
WITHOUT_EXTRA = {name: value for name, value in EVERY_TYPE.items() if name != "extra"}
POINTS = {"points": [[1.0, 2.0], [3.0, 4.0]], "weights": [1, 2]}

SAME: list[tuple[str, str, Any]] = [
    ("pipeline", "split", split(TABLE)),
    ("pipeline", "split with index", split(TABLE, index=True)),
    ("pipeline", "split, other order", split(TABLE[TABLE.columns[::-1]])),
    ("pipeline", "split, more columns", split(TABLE.assign(more=1))),
    ("pipeline", "split, one row", split(TABLE.head(1))),
    ("pipeline", "records", records(TABLE)),
    ("pipeline", "records with gaps", records(GAPS)),
    ("pipeline", "split with gaps", split(GAPS)),
    ("pipeline", "instances of objects", {"instances": records(TABLE)["dataframe_records"]}),
    ("pipeline", "inputs by column", {"inputs": {name: TABLE[name].tolist() for name in TABLE}}),
    ("pipeline", "inputs of one row", {"inputs": records(TABLE.head(1))["dataframe_records"][0]}),
    ("pipeline", "inputs of objects", {"inputs": records(TABLE)["dataframe_records"]}),
    ("pipeline", "instances by column", {"instances": {name: TABLE[name].tolist() for name in TABLE}}),
    ("pipeline", "whole numbers for doubles", records(TABLE.assign(minutes=[1, 2, 3, 4, 5]))),
    ("pipeline", "unknown keys beside", {**split(TABLE), "more": 1}),
    ("pipeline", "parameters without a schema", {**split(TABLE), "params": {"a": 1}}),
    ("logistic", "split", split(NUMBERS)),
    ("logistic", "records", records(NUMBERS)),
    ("logistic", "inputs by column", {"inputs": {name: NUMBERS[name].tolist() for name in NUMBERS}}),
    ("pickled_labels", "records", records(NUMBERS)),
    ("tensor", "inputs", {"inputs": MATRIX}),
    ("tensor", "instances", {"instances": MATRIX}),
    ("tensor", "split", split(NUMBERS)),
    ("tensor", "split without columns", {"dataframe_split": {"data": MATRIX}}),
    ("tensor", "split of lists", {"dataframe_split": {"columns": ["all"], "data": [[row] for row in MATRIX]}}),
    ("tensor", "whole numbers", {"inputs": [[1, 2, 3]]}),
    ("without_signature", "inputs", {"inputs": MATRIX}),
    ("without_signature", "instances", {"instances": MATRIX}),
    ("without_signature", "split", split(NUMBERS)),
    ("unnamed_columns", "split without columns", {"dataframe_split": {"data": MATRIX}}),
    ("unnamed_columns", "split with any columns", split(NUMBERS)),
    ("unnamed_columns", "inputs", {"inputs": MATRIX}),
    ("unnamed_columns", "instances", {"instances": MATRIX}),
    ("unnamed_columns", "records", records(NUMBERS)),
    ("xgb_classifier", "records", records(NUMBERS)),
    ("xgb_classifier", "split", split(NUMBERS)),
    ("booster", "records", records(NUMBERS)),
    ("booster", "gaps", {"dataframe_split": {"columns": ["a", "b", "c"], "data": [[None, 1.0, 2.0]]}}),
    ("python_model", "records", {"dataframe_records": [{"x": 1.5, "name": "a"}, {"x": 2.5, "name": "b"}]}),
    ("python_model", "default parameters", {"dataframe_records": [{"x": 1.5, "name": "a"}], "params": {}}),
    ("python_model", "parameters", {"dataframe_records": [{"x": 1.5, "name": "a"}], "params": {"factor": 3}}),
    ("python_model", "unknown parameters", {"dataframe_records": [{"x": 1.5, "name": "a"}], "params": {"f": 3}}),
    ("python_model", "a text that is missing", {"dataframe_records": [{"x": 1.5, "name": None}]}),
    ("every_type", "records", {"dataframe_records": [EVERY_TYPE]}),
    ("every_type", "records, two", {"dataframe_records": [EVERY_TYPE, {**EVERY_TYPE, "string": "other"}]}),
    ("every_type", "without the optional column", {"dataframe_records": [WITHOUT_EXTRA]}),
    ("every_type", "an optional property lacking", {"dataframe_records": [{**EVERY_TYPE, "thing": {"id": 1}}]}),
    (
        "every_type",
        "split",
        {"dataframe_split": {"columns": list(EVERY_TYPE), "data": [list(EVERY_TYPE.values())]}},
    ),
    ("named_tensors", "inputs", {"inputs": POINTS}),
    (
        "named_tensors",
        "instances",
        {"instances": [{"points": [1.0, 2.0], "weights": 1}, {"points": [3.0, 4.0], "weights": 2}]},
    ),
    (
        "named_tensors",
        "split",
        {"dataframe_split": {"columns": ["points", "weights"], "data": [[[1.0, 2.0], 1], [[3.0, 4.0], 2]]}},
    ),
    ("type_hints", "inputs", {"inputs": [{"a": 1}, {"a": 2, "b": 3}]}),
    ("chat", "messages", {"messages": [{"role": "user", "content": "hello"}], "temperature": 0.5}),
]


def equal(ours: Any, theirs: Any) -> bool:
    """Equal but for the last digits of a number; where MLflow writes NaN, JSON has null."""
    if isinstance(theirs, float) and math.isnan(theirs):
        return ours is None
    if isinstance(theirs, float):
        return isinstance(ours, (int, float)) and math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-9)
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(equal, ours, theirs))
    if isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(equal(ours[key], theirs[key]) for key in theirs)
    return bool(ours == theirs)


async def both(folder: Path, body: bytes, content_type: str) -> tuple[tuple[int, Any], tuple[int, Any]]:
    """Status and body of ours, and of MLflow's."""
    theirs = await ask_mlflow(folder, "POST", "/invocations", body, content_type)
    ours = await ask(EndpointApp(desired(), served(folder)), "POST", "/invocations", body, content_type=content_type)
    return (ours.status, json.loads(ours.body)), (theirs.status_code, _json(theirs.text))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize(("kind", "what", "body"), SAME, ids=[f"{kind}: {what}" for kind, what, _ in SAME])
async def test_json_is_answered_as_mlflow_answers_it(models: Models, kind: str, what: str, body: Any) -> None:
    ours, theirs = await both(models(kind), json.dumps(body).encode(), JSON)
    assert theirs[0] == 200, theirs
    assert ours[0] == 200, ours
    assert equal(ours[1], theirs[1]), f"ours: {ours[1]}\nMLflow's: {theirs[1]}"


@pytest.mark.parametrize("kind", ["pipeline", "logistic", "unnamed_columns", "without_signature"])
@pytest.mark.parametrize("content_type", [CSV, f"{CSV}; charset=utf-8", PARQUET])
async def test_csv_and_parquet_are_answered_as_mlflow_answers_them(
    models: Models, kind: str, content_type: str, tmp_path: Path
) -> None:
    frame = GAPS.fillna({"state": "KS"}) if kind == "pipeline" else NUMBERS
    file = tmp_path / "table"
    if content_type == PARQUET:
        frame.to_parquet(file)
    else:
        frame.to_csv(file, index=False)
    ours, theirs = await both(models(kind), file.read_bytes(), content_type)
    assert theirs[0] == 200, theirs
    assert ours[0] == 200, ours
    assert equal(ours[1], theirs[1]), f"ours: {ours[1]}\nMLflow's: {theirs[1]}"


async def test_a_bare_nan_is_read_as_mlflow_reads_it(models: Models) -> None:
    body = b'{"dataframe_split": {"columns": ["a", "b", "c"], "data": [[NaN, 1.0, 2.0]]}}'
    ours, theirs = await both(models("booster"), body, JSON)
    assert (ours[0], theirs[0]) == (200, 200)
    assert equal(ours[1], theirs[1])


def one_record(**changes: Any) -> bytes:
    return json.dumps({"dataframe_records": [{**EVERY_TYPE, **changes}]}).encode()


REFUSED: list[tuple[str, str, bytes, str]] = [
    ("pipeline", "not JSON", b"{", JSON),
    ("pipeline", "empty", b"", JSON),
    ("pipeline", "not UTF-8", b'{"dataframe_split": "\xff"}', JSON),
    ("pipeline", "a list", b"[1]", JSON),
    ("pipeline", "a number", b"1", JSON),
    ("pipeline", "no form", b'{"data": [1]}', JSON),
    ("pipeline", "two forms", b'{"inputs": [], "instances": []}', JSON),
    ("pipeline", "records of no list", b'{"dataframe_records": {"a": 1}}', JSON),
    ("pipeline", "split of no object", b'{"dataframe_split": [1]}', JSON),
    ("pipeline", "split without data", b'{"dataframe_split": {"columns": ["a"]}}', JSON),
    ("pipeline", "split with more keys", b'{"dataframe_split": {"columns": ["a"], "data": [[1]], "x": 1}}', JSON),
    ("pipeline", "missing columns", json.dumps(records(TABLE[["minutes"]])).encode(), JSON),
    ("pipeline", "no rows", b'{"dataframe_records": []}', JSON),
    ("pipeline", "text for a number", json.dumps(records(TABLE.assign(minutes="x"))).encode(), JSON),
    ("pipeline", "nothing for an integer", json.dumps(records(TABLE.assign(calls=None))).encode(), JSON),
    ("pipeline", "CSV without the columns", b"a,b\n1,2\n", CSV),
    ("pipeline", "CSV that is empty", b"", CSV),
    ("pipeline", "no Parquet", b"PAR1", PARQUET),
    ("tensor", "ragged", b'{"inputs": [[1.0, 2.0, 3.0], [1.0]]}', JSON),
    ("tensor", "another shape", b'{"inputs": [[1.0, 2.0]]}', JSON),
    ("tensor", "text", b'{"inputs": [["a", "b", "c"]]}', JSON),
    ("unnamed_columns", "too few columns", b'{"dataframe_split": {"data": [[1.0]]}}', JSON),
    ("python_model", "a value that the model refuses", b'{"dataframe_records": [{"x": -1.0, "name": "a"}]}', JSON),
    (
        "python_model",
        "text for a numeric parameter",
        b'{"dataframe_records": [{"x": 1.0, "name": "a"}], "params": {"factor": "x"}}',
        JSON,
    ),
    (
        "python_model",
        "no list for an array parameter",
        b'{"dataframe_records": [{"x": 1.0, "name": "a"}], "params": {"tags": "x"}}',
        JSON,
    ),
    ("every_type", "nothing of it", b'{"dataframe_records": [{"boolean": true}]}', JSON),
    ("every_type", "an unknown property", one_record(thing={"id": 1, "x": 2}), JSON),
    ("every_type", "a required property lacking", one_record(thing={"note": "x"}), JSON),
    ("every_type", "no array", one_record(numbers=1.5), JSON),
    ("every_type", "an array of others", one_record(numbers=["x"]), JSON),
    ("every_type", "no map", one_record(scores=[1]), JSON),
    ("every_type", "a time with an offset", one_record(datetime="2026-01-31T12:00:00+01:00"), JSON),
    ("named_tensors", "one lacks", b'{"inputs": {"points": [[1.0, 2.0]]}}', JSON),
    ("type_hints", "another form", b'{"instances": [{"a": 1}]}', JSON),
]


@pytest.mark.parametrize(
    ("kind", "what", "body", "content_type"), REFUSED, ids=[f"{kind}: {what}" for kind, what, *_ in REFUSED]
)
async def test_what_mlflow_refuses_is_refused(
    models: Models, kind: str, what: str, body: bytes, content_type: str
) -> None:
    ours, theirs = await both(models(kind), body, content_type)
    assert theirs[0] >= 400, theirs
    assert ours[0] == 400, ours
    assert ours[1]["error"]
    assert ours[1]["message"] == ours[1]["error"]
    assert ours[1]["error_code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "text/csv; header=present",
    ],
)
async def test_content_types_that_mlflow_refuses_are_refused(models: Models, content_type: str) -> None:
    ours, theirs = await both(models("logistic"), json.dumps(split(NUMBERS)).encode(), content_type)
    assert (ours[0], theirs[0]) == (415, 415)


SILENT: list[tuple[str, str, Any]] = [
    ("a fraction for an integer", "calls", 1.5),
    ("text that reads as a number", "minutes", "1.5"),
    ("a number for text", "state", 5),
]


@pytest.mark.parametrize(("what", "column", "value"), SILENT, ids=[what for what, *_ in SILENT])
async def test_what_mlflow_changes_silently_is_refused(models: Models, what: str, column: str, value: Any) -> None:
    """The deliberate difference: MLflow cuts, parses or passes on a value that the signature does not allow."""
    ours, theirs = await both(
        models("pipeline"), json.dumps(records(TABLE.head(1).assign(**{column: value}))).encode(), JSON
    )
    assert theirs[0] in {200, 400}
    assert ours[0] == 400
    assert ours[1]["faults"][0]["where"] == f"row 0, column '{column}'"


@pytest.mark.parametrize("path", ["/ping", "/health", "/version"])
async def test_health_and_version_are_as_mlflow_has_them(models: Models, path: str) -> None:
    theirs = await ask_mlflow(models("logistic"), "GET", path)
    ours = await ask(EndpointApp(desired(), served(models("logistic"))), "GET", path)
    assert (ours.status, ours.body.decode()) == (theirs.status_code, theirs.text)
