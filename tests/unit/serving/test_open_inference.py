"""The Open Inference Protocol V2: tensors by column, as one matrix, by name; and what it answers."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.serving_kit.endpoint import Answer, ask
from tests.serving_kit.functions import app_by

INFER = "/v2/models/churn/infer"
COLUMNS = [
    {"name": "minutes", "shape": [2], "datatype": "FP64", "data": [1.5, None]},
    {"name": "calls", "shape": [2, 1], "datatype": "INT64", "data": [[2], [3]]},
    {"name": "state", "shape": [2], "datatype": "BYTES", "data": ["KS", None]},
]
NUMBERS = [{"type": "double", "name": "a"}, {"type": "double", "name": "b"}]


async def infer(body: Any, function: Any = lambda frame: frame["minutes"].to_numpy(), **options: Any) -> Answer:
    return await ask(app_by(function, **options), "POST", INFER, body)


async def test_one_tensor_for_each_column() -> None:
    answer = await infer({"id": "7", "inputs": COLUMNS})
    assert answer.json == {
        "model_name": "churn",
        "model_version": "3",
        "id": "7",
        "outputs": [{"name": "predictions", "shape": [2], "datatype": "FP64", "data": [1.5, None]}],
    }


async def test_the_version_may_be_named() -> None:
    answer = await ask(
        app_by(lambda frame: frame["calls"]), "POST", "/v2/models/churn/versions/3/infer", {"inputs": COLUMNS}
    )
    assert answer.json["outputs"] == [{"name": "predictions", "shape": [2], "datatype": "INT64", "data": [2, 3]}] or (
        answer.json["outputs"][0]["name"] == "calls"
    )


@pytest.mark.parametrize("data", [[1.0, 2.0, 3.0, 4.0], [[1.0, 2.0], [3.0, 4.0]]])
async def test_one_matrix_holds_the_columns_in_order(data: list[Any]) -> None:
    body = {"inputs": [{"name": "rows", "shape": [2, 2], "datatype": "FP64", "data": data}]}
    answer = await infer(body, lambda frame: frame.to_numpy(), inputs=NUMBERS)
    assert answer.json["outputs"][0] == {
        "name": "predictions",
        "shape": [2, 2],
        "datatype": "FP64",
        "data": [1.0, 2.0, 3.0, 4.0],
    }


async def test_one_array_fills_the_one_tensor_of_a_signature() -> None:
    spec = [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]
    body = {"inputs": [{"name": "any", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
    answer = await infer(body, lambda array: array.sum(axis=1), inputs=spec)
    assert answer.json["outputs"][0]["datatype"] == "FP32"
    assert answer.json["outputs"][0]["data"] == [3.0]


async def test_tensors_by_name_fill_a_signature_of_several() -> None:
    specs = [
        {"type": "tensor", "name": name, "tensor-spec": {"dtype": "float64", "shape": [-1]}} for name in ("x", "y")
    ]
    body = {"inputs": [{"name": name, "shape": [1], "datatype": "FP64", "data": [2.0]} for name in ("y", "x")]}
    answer = await infer(body, lambda arrays: arrays["x"] + arrays["y"], inputs=specs)
    assert answer.json["outputs"][0]["data"] == [4.0]


async def test_without_a_signature_a_tensor_is_an_array() -> None:
    app = app_by(lambda array: array.sum(axis=1), inputs=[])
    body = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1.0, 2.0]}]}
    assert (await ask(app, "POST", INFER, body)).json["outputs"][0]["data"] == [3.0]


def table(frame: Any) -> pd.DataFrame:
    return pd.DataFrame({"score": np.linspace(0, 1, len(frame)), "label": ["a"] * len(frame)})


async def test_a_frame_is_one_output_for_each_column() -> None:
    answer = await infer({"inputs": COLUMNS}, table)
    assert [(o["name"], o["datatype"], o["data"]) for o in answer.json["outputs"]] == [
        ("score", "FP64", [0.0, 1.0]),
        ("label", "BYTES", ["a", "a"]),
    ]


async def test_only_the_outputs_asked_for_are_answered() -> None:
    answer = await infer({"inputs": COLUMNS, "outputs": [{"name": "label"}]}, table)
    assert [output["name"] for output in answer.json["outputs"]] == ["label"]


async def test_an_output_that_is_not_there_is_refused() -> None:
    answer = await infer({"inputs": COLUMNS, "outputs": [{"name": "other"}]}, table)
    assert answer.status == 400
    assert "score" in answer.json["error"]


async def test_parameters_go_to_the_models_schema() -> None:
    params = [{"name": "factor", "type": "double", "default": 1.0, "shape": None}]
    assert (await infer({"inputs": COLUMNS, "parameters": {"factor": "x"}}, params=params)).status == 400
    assert (await infer({"inputs": COLUMNS, "parameters": {"factor": 2}}, params=params)).status == 200


async def test_metadata_comes_from_the_signature() -> None:
    outputs = [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]
    answer = await ask(app_by(table, outputs=outputs), "GET", "/v2/models/churn")
    assert answer.json == {
        "name": "churn",
        "versions": ["3"],
        "platform": "test",
        "inputs": [
            {"name": "minutes", "datatype": "FP64", "shape": [-1]},
            {"name": "calls", "datatype": "INT64", "shape": [-1]},
            {"name": "state", "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [{"name": "predictions", "datatype": "FP32", "shape": [-1, 2]}],
    }


def changed(place: int = 0, **changes: Any) -> dict[str, Any]:
    inputs = [dict(tensor) for tensor in COLUMNS]
    inputs[place] = {**inputs[place], **changes}
    return {"inputs": inputs}


REFUSED: list[tuple[Any, str]] = [
    ([], "JSON array"),
    ({}, "inputs"),
    ({"inputs": []}, "inputs"),
    ({"inputs": {}}, "inputs"),
    ({"inputs": [5]}, "inputs, item 0"),
    ({"inputs": [{"shape": [1]}]}, "inputs, item 0"),
    (changed(shape="x"), "input 'minutes'"),
    (changed(shape=[-1]), "input 'minutes'"),
    (changed(shape=[True, 2]), "input 'minutes'"),
    (changed(shape=[3]), "has 3 values, data has 2"),
    (changed(shape=[1, 2]), "[rows] or [rows, 1]"),
    (changed(shape=[1, 2, 1]), "[rows] or [rows, 1]"),
    (changed(datatype="FLOAT"), "datatype"),
    (changed(datatype=None), "datatype"),
    (changed(data="x"), "data as an array"),
    (changed(data=None), "data as an array"),
    (changed(data=[1.5, "x"]), "row 1, input 'minutes'"),
    (changed(data=[1.5, True]), "row 1, input 'minutes'"),
    (changed(1, data=[2, 2.5]), "row 1, input 'calls'"),
    (changed(1, datatype="FP64", data=[2.0, 2.5]), "row 1, column 'calls'"),
    (changed(datatype="BYTES", data=["1", "2"]), "row 0, column 'minutes'"),
    (changed(2, name="city"), "column 'state'"),
    (changed(2, name="calls"), "twice"),
    (changed(2, shape=[1], data=["KS"]), "differ in rows"),
    ({"inputs": COLUMNS, "outputs": 5}, "outputs"),
    ({"inputs": COLUMNS, "parameters": 5}, "parameters"),
    ({"inputs": [{"name": "all", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}]}, "[rows, 3]"),
]


@pytest.mark.parametrize(("body", "message"), REFUSED)
async def test_what_is_wrong_is_the_callers_fault_and_named(body: Any, message: str) -> None:
    answer = await infer(body)
    assert answer.status == 400
    assert message in answer.json["error"]


async def test_the_binary_extension_is_refused_in_words() -> None:
    app = app_by(table)
    answer = await ask(app, "POST", INFER, b"{}", headers={"inference-header-content-length": "2"})
    assert answer.status == 415
    assert "binary" in answer.json["error"]
