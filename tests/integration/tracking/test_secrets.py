"""What a run's token may not tell MLflow: the values of its secrets."""

import base64
from typing import Any

import httpx
import pytest

from tests.integration.tracking.conftest import Attempt, Site
from tests.unit.tracking.test_otlp import export

API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
VALUE = "hush-hush"  # as long as a span's name: the span's length stands before it


@pytest.fixture
def attempt(site: Site) -> Attempt:
    made = site.attempt("attempt_loud", "loud")
    site.secrets[made.id] = {"TOKEN": VALUE}
    return made


@pytest.fixture
def notebook(site: Site, attempt: Attempt) -> httpx.Client:
    return site.client(attempt.token)


def kept(site: Site, attempt: Attempt) -> dict[str, Any]:
    answer = site.client(site.person()).get(f"{API}/runs/get", params={"run_id": attempt.run_id})
    found: dict[str, Any] = answer.json()["run"]["data"]
    return found


def test_parameters_tags_and_names_are_masked(site: Site, attempt: Attempt, notebook: httpx.Client) -> None:
    encoded = base64.b64encode(f"user:{VALUE}".encode()).decode()
    tags = [{"key": "header", "value": f"Basic {encoded}"}, {"key": "url", "value": f"https://user:{VALUE}@host"}]
    body = {"run_id": attempt.run_id, "params": [{"key": "token", "value": VALUE}], "tags": tags}
    notebook.post(f"{API}/runs/log-batch", json=body).raise_for_status()
    single = {"run_id": attempt.run_id, "key": "one", "value": VALUE}
    notebook.post(f"{API}/runs/log-parameter", json=single).raise_for_status()
    data = kept(site, attempt)
    assert {one["key"]: one["value"] for one in data["params"]} == {"token": "***", "one": "***"}
    said = {one["key"]: one["value"] for one in data["tags"]}
    assert said["url"] == "https://user:***@host"
    assert said["header"].endswith("***")
    assert VALUE not in str(data)
    assert encoded[8:] not in str(data)


def test_a_file_that_holds_a_value_is_refused_and_not_kept(
    site: Site, attempt: Attempt, notebook: httpx.Client
) -> None:
    place = f"{FILES}/{attempt.experiment_id}/{attempt.run_id}/artifacts"
    content = b"x" * 300_000 + VALUE.encode() + b"x" * 300_000
    refused = notebook.put(f"{place}/model.bin", content=content)
    assert refused.status_code == 400
    assert "the file holds the value of the secret TOKEN: it is not kept" in refused.json()["message"]
    notebook.put(f"{place}/fine.bin", content=content.replace(VALUE.encode(), b"-")).raise_for_status()
    listed = site.client(site.person()).get(f"{API}/artifacts/list", params={"run_id": attempt.run_id}).json()
    assert [one["path"] for one in listed["files"]] == ["fine.bin"]


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_nothing_is_named_or_asked_for_by_a_value(attempt: Attempt, notebook: httpx.Client, method: str) -> None:
    place = f"{FILES}/{attempt.experiment_id}/{attempt.run_id}/artifacts/of-{VALUE}.txt"
    refused = notebook.request(method, place)
    assert refused.status_code == 400
    assert VALUE not in refused.json()["message"]


def test_spans_are_masked_and_stay_spans(site: Site, attempt: Attempt, notebook: httpx.Client) -> None:
    trace = bytes(range(16))
    spans = export(trace).replace(b"spanspan", VALUE.encode()[:8]).replace(b"notebook", VALUE.encode()[:8])
    site.secrets[attempt.id] = {"TOKEN": VALUE[:8]}
    headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": attempt.experiment_id}
    answer = notebook.post("/v1/traces", headers=headers, content=spans)
    assert answer.is_success, answer.text


def test_other_runs_and_people_are_let_be(site: Site, attempt: Attempt) -> None:
    other = site.attempt("attempt_other", "loud")
    body = {"run_id": other.run_id, "key": "word", "value": VALUE}
    site.client(other.token).post(f"{API}/runs/log-parameter", json=body).raise_for_status()
    assert [one["value"] for one in kept(site, other)["params"]] == [VALUE]
