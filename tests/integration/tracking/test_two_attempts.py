"""Two attempts of one notebook, in one experiment: neither writes to what is the other's, on any route."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from gristmill.core.ids import new_id
from gristmill.tracking.allow_list import RULES
from gristmill.tracking.model import PARENT_TAG
from tests.integration.tracking.conftest import CLOCK, Attempt, Site
from tests.unit.tracking.test_otlp import export

RUNS = "/api/2.0/mlflow/runs"
MODELS = "/api/2.0/mlflow/logged-models"
TRACES = "/api/3.0/mlflow/traces"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


@dataclass
class Things:
    """An attempt and what it has made through the proxy."""

    attempt: Attempt
    client: httpx.Client
    child: str
    model: str
    trace: str

    @property
    def run(self) -> str:
        return self.attempt.run_id

    @property
    def experiment(self) -> str:
        return self.attempt.experiment_id


def things(site: Site, name: str, *, worker: bool = False) -> Things:
    attempt = site.attempt(name, "two/attempts.ipynb", worker=worker)
    client = site.client(attempt.token)
    child = client.post(f"{RUNS}/create", json={"experiment_id": "0", "start_time": 1}).json()["run"]["info"]["run_id"]
    model = client.post(MODELS, json={"experiment_id": "0", "name": "m"}).json()["model"]["info"]["model_id"]
    trace = f"tr-{secrets.token_hex(16)}"
    client.post(TRACES, json=start_trace(trace, attempt.experiment_id)).raise_for_status()
    return Things(attempt=attempt, client=client, child=child, model=model, trace=trace)


def start_trace(trace: str, experiment: str) -> dict[str, Any]:
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    info = {"trace_id": trace, "trace_location": location, "request_time": "2026-01-01T00:00:00Z", "state": "OK"}
    return {"trace": {"trace_info": info}}


@pytest.fixture
def mine(site: Site) -> Things:
    return things(site, new_id("att", CLOCK.now()))


@pytest.fixture
def theirs(site: Site) -> Things:
    return things(site, new_id("att", CLOCK.now()))


Sent = tuple[str, dict[str, Any]]  # a path, and what httpx takes with it


def body(path: str, **fields: Any) -> Sent:
    return path, {"json": fields}


def tag(path: str, **fields: Any) -> Sent:
    return body(path, key="k", value="v", **fields)


def metric(**more: Any) -> dict[str, Any]:
    return {"key": "auc", "value": 1, "timestamp": 1, "step": 0, **more}


MLMODEL = json.dumps({"artifact_path": "m", "flavors": {}, "utc_time_created": "2026", "run_id": "x"})
FEEDBACK = {
    "assessment_name": "good",
    "source": {"source_type": "HUMAN", "source_id": "a"},
    "feedback": {"value": True},
}

# For every route that a confinement opens to attempts: the request that writes to these things.
REQUESTS: dict[str, Callable[[Things], Sent]] = {
    "POST 2.0/mlflow/runs/update": lambda own: body(f"{RUNS}/update", run_id=own.run, status="RUNNING"),
    "POST 2.0/mlflow/runs/log-parameter": lambda own: tag(f"{RUNS}/log-parameter", run_id=own.run),
    "POST 2.0/mlflow/runs/log-inputs": lambda own: body(f"{RUNS}/log-inputs", run_id=own.run, datasets=[]),
    "POST 2.0/mlflow/runs/log-model": lambda own: body(f"{RUNS}/log-model", run_id=own.run, model_json=MLMODEL),
    "POST 2.0/mlflow/runs/log-metric": lambda own: body(f"{RUNS}/log-metric", run_id=own.run, **metric()),
    "POST 2.0/mlflow/runs/log-batch": lambda own: body(f"{RUNS}/log-batch", run_id=own.child, metrics=[metric()]),
    "POST 2.0/mlflow/runs/outputs": lambda own: body(
        f"{RUNS}/outputs", run_id=own.run, models=[{"model_id": own.model, "step": 0}]
    ),
    "POST 2.0/mlflow/runs/set-tag": lambda own: tag(f"{RUNS}/set-tag", run_id=own.run),
    "POST 2.0/mlflow/runs/delete-tag": lambda own: body(f"{RUNS}/delete-tag", run_id=own.run, key="k"),
    "POST 2.0/mlflow/runs/delete": lambda own: body(f"{RUNS}/delete", run_id=own.child),
    "POST 2.0/mlflow/runs/restore": lambda own: body(f"{RUNS}/restore", run_id=own.child),
    "PUT 2.0/mlflow-artifacts/artifacts/{artifact_path:path}": lambda own: (
        f"{ARTIFACTS}/{own.experiment}/{own.run}/artifacts/a.txt",
        {"content": b"x"},
    ),
    "DELETE 2.0/mlflow-artifacts/artifacts/{artifact_path:path}": lambda own: (
        f"{ARTIFACTS}/{own.experiment}/{own.run}/artifacts/a.txt",
        {},
    ),
    "POST 2.0/mlflow/upload-artifact": lambda own: (
        "/ajax-api/2.0/mlflow/upload-artifact",
        {"params": {"run_uuid": own.run, "path": "b.txt"}, "content": b"x"},
    ),
    "POST 2.0/mlflow/logged-models": lambda own: body(
        MODELS, experiment_id=own.experiment, name="n", source_run_id=own.run
    ),
    "PATCH 2.0/mlflow/logged-models/{model_id}": lambda own: body(
        f"{MODELS}/{own.model}", model_id=own.model, status=2
    ),
    "POST 2.0/mlflow/logged-models/{model_id}/params": lambda own: body(
        f"{MODELS}/{own.model}/params", model_id=own.model, params=[{"key": "k", "value": "v"}]
    ),
    "PATCH 2.0/mlflow/logged-models/{model_id}/tags": lambda own: body(
        f"{MODELS}/{own.model}/tags", tags=[{"key": "k", "value": "v"}]
    ),
    "DELETE 2.0/mlflow/logged-models/{model_id}/tags/{tag_key}": lambda own: (f"{MODELS}/{own.model}/tags/k", {}),
    "POST 2.0/mlflow/model-versions/create": lambda own: body(
        "/api/2.0/mlflow/model-versions/create",
        name="two",
        source=f"models:/{own.model}",
        run_id=own.run,
        model_id=own.model,
    ),
    "POST 3.0/mlflow/traces": lambda own: body(TRACES, **start_trace(own.trace, own.experiment)),
    "POST /v1/traces": lambda own: (
        "/v1/traces",
        {
            "content": export(bytes.fromhex(own.trace.removeprefix("tr-"))),
            "headers": {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": own.experiment},
        },
    ),
    "PATCH 3.0/mlflow/traces/{trace_id}/tags": lambda own: tag(f"{TRACES}/{own.trace}/tags"),
    "DELETE 3.0/mlflow/traces/{trace_id}/tags": lambda own: body(f"{TRACES}/{own.trace}/tags", key="k"),
    "POST 3.0/mlflow/traces/{trace_id}/assessments": lambda own: body(
        f"{TRACES}/{own.trace}/assessments", assessment={**FEEDBACK, "trace_id": own.trace}
    ),
    "PATCH 3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}": lambda own: body(
        f"{TRACES}/{own.trace}/assessments/a-1", assessment=FEEDBACK, update_mask="rationale"
    ),
    "DELETE 3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}": lambda own: (
        f"{TRACES}/{own.trace}/assessments/a-1",
        {},
    ),
    "POST 2.0/mlflow/traces/link-to-run": lambda own: body(
        "/api/2.0/mlflow/traces/link-to-run", trace_ids=[own.trace], run_id=own.run
    ),
    "POST 2.0/mlflow/traces/link-prompts": lambda own: body(
        "/api/2.0/mlflow/traces/link-prompts", trace_id=own.trace, prompt_versions=[{"name": "p", "version": "1"}]
    ),
    "DELETE 2.0/mlflow/logged-models/{model_id}": lambda own: (f"{MODELS}/{own.model}", {}),
}

# These name nothing of anybody: tests of their own are below.
FREE = {
    "POST 2.0/mlflow/runs/create",
    "POST 2.0/mlflow/experiments/create",
    "POST 2.0/mlflow/experiments/set-experiment-tag",
    "POST 2.0/mlflow/registered-models/create",
}


def send(client: httpx.Client, route: str, target: Things) -> httpx.Response:
    path, how = REQUESTS[route](target)
    return client.request(route.partition(" ")[0], path, **how)


def seen(site: Site, own: Things) -> list[Any]:
    """Everything of these things that another one could have changed."""
    run, child = site.tracking.get_run(own.run), site.tracking.get_run(own.child)
    listed = [site.tracking.list_artifacts(one.artifact_path) for one in (run, child)]
    trace = own.client.get(f"{TRACES}/{own.trace}").json()
    return [run, child, site.tracking.logged_model(own.model), listed, trace]


def test_the_table_has_every_confined_route() -> None:
    confined = {f"{rule.method} {rule.path}" for rule in RULES if rule.writes and rule.confined}
    assert confined - FREE == set(REQUESTS)


def test_no_attempt_writes_to_what_is_anothers(site: Site, mine: Things, theirs: Things) -> None:
    before = seen(site, theirs)
    for route in REQUESTS:
        answer = send(mine.client, route, theirs)
        assert answer.status_code == 403, (route, answer.text)
        assert answer.json()["error_code"] == "PERMISSION_DENIED"
        assert answer.json()["code"] == "forbidden"
    assert seen(site, theirs) == before


def test_an_attempt_writes_to_its_own(site: Site, mine: Things) -> None:
    mine.client.post("/api/2.0/mlflow/registered-models/create", json={"name": "two"})
    answers = {route: send(mine.client, route, mine) for route in REQUESTS}
    statuses = {route: answer.status_code for route, answer in answers.items()}
    assert {route: status for route, status in statuses.items() if status != 200} == {
        # MLflow's own answer: there is no such assessment.
        "PATCH 3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}": 404,
    }, answers


def test_a_workers_token_is_confined_like_its_kernels(site: Site, theirs: Things) -> None:
    worker = things(site, new_id("att", CLOCK.now()), worker=True)
    for route in REQUESTS:
        assert send(worker.client, route, theirs).status_code == 403, route
    assert send(worker.client, "POST 2.0/mlflow/runs/set-tag", worker).status_code == 200


def test_what_was_made_stays_its_own_when_the_proxy_was_restarted(site: Site, mine: Things, theirs: Things) -> None:
    site.restart()
    assert send(mine.client, "PATCH 2.0/mlflow/logged-models/{model_id}", mine).status_code == 200
    assert send(mine.client, "PATCH 2.0/mlflow/logged-models/{model_id}", theirs).status_code == 403


@pytest.mark.parametrize(
    ("query", "content"),
    [
        ("", b'{"runId": "THEIRS", "key": "k", "value": "v"}'),
        ("", b'{"run_id": "MINE", "runUuid": "THEIRS", "key": "k", "value": "v"}'),
        ("", b'{"run_id": "", "run_uuid": "THEIRS", "key": "k", "value": "v"}'),
        ("", b'{"run_id": ["THEIRS"], "key": "k", "value": "v"}'),
        ("", b'{"run_id": "MINE", "run_id": "THEIRS", "key": "k", "value": "v"}'),
        ("", b'{"run_\\u0069d": "THEIRS", "key": "k", "value": "v"}'),
        ("", json.dumps('{"run_id": "THEIRS", "key": "k", "value": "v"}').encode()),
        ("run_id=THEIRS", b'{"key": "k", "value": "v"}'),
        ("run_id=MINE", b'{"run_id": "THEIRS", "key": "k", "value": "v"}'),
        ("run_id=THEIRS&key=k&value=v", b""),
        ("", b"run_id=THEIRS&key=k&value=v"),
        ("", b"\xff\xfe" + '{"run_id": "THEIRS"}'.encode("utf-16-le")),
        ("", b"[" * 100_000),
        ("", b'["THEIRS"]'),
    ],
)
def test_another_run_is_known_in_any_disguise(
    site: Site, mine: Things, theirs: Things, query: str, content: bytes
) -> None:
    before = seen(site, theirs)
    content = content.replace(b"THEIRS", theirs.run.encode()).replace(b"MINE", mine.run.encode())
    query = query.replace("THEIRS", theirs.run).replace("MINE", mine.run)
    for prefix in ("/api", "/ajax-api"):
        for coding in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            answer = mine.client.post(
                f"{prefix}/2.0/mlflow/runs/set-tag?{query}", content=content, headers={"content-type": coding}
            )
            assert answer.status_code in {400, 403}, answer.text
    assert seen(site, theirs) == before


@pytest.mark.parametrize(
    "path",
    [
        "{e}/{m}/artifacts/../../{t}/artifacts/a.txt",
        "{e}/{m}/artifacts/%2e%2e/%2e%2e/{t}/artifacts/a.txt",
        "{e}/{m}/artifacts/%252e%252e/%252e%252e/{t}/artifacts/a.txt",
        "{e}/{m}/artifacts/..%2f..%2f{t}%2fartifacts%2fa.txt",
        "{e}/{m}/artifacts/..%5c..%5c{t}/artifacts/a.txt",
        "{e}//{t}/artifacts/a.txt",
        "/{e}/{t}/artifacts/a.txt",
        "{e}/{m}%2f..%2f{t}/artifacts/a.txt",
        "0/{m}/artifacts/a.txt",
        "{m}/artifacts/a.txt",
    ],
)
def test_no_path_leads_out_of_ones_own_artifacts(site: Site, mine: Things, theirs: Things, path: str) -> None:
    before = seen(site, theirs)
    url = f"{site.url}/mlflow{ARTIFACTS}/{path.format(e=mine.experiment, m=mine.run, t=theirs.run)}"
    for method in ("PUT", "DELETE"):
        assert raw_status(mine, method, url) in {400, 403}
    assert seen(site, theirs) == before


def raw_status(own: Things, method: str, url: str) -> int:
    """The status for a path exactly as it is written: HTTP clients would tidy it."""
    import http.client

    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    connection.putrequest(method, f"/{path}", skip_host=False, skip_accept_encoding=True)
    connection.putheader("authorization", f"Bearer {own.attempt.token}")
    connection.putheader("content-length", "1")
    connection.endheaders(b"x")
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_model_is_not_finalized_through_the_path_of_ones_own(mine: Things, theirs: Things) -> None:
    answer = mine.client.patch(f"{MODELS}/{mine.model}", json={"model_id": theirs.model, "status": 3})
    assert answer.status_code == 403


def test_metrics_are_logged_for_ones_own_models_only(mine: Things, theirs: Things) -> None:
    for metrics in ([metric(model_id=theirs.model)], [metric(modelId=theirs.model)], [metric(run_id=theirs.run)]):
        answer = mine.client.post(f"{RUNS}/log-batch", json={"run_id": mine.run, "metrics": metrics})
        assert answer.status_code == 403
    own = mine.client.post(f"{RUNS}/log-batch", json={"run_id": mine.run, "metrics": [metric(model_id=mine.model)]})
    assert own.status_code == 200


def test_a_run_may_say_that_it_used_anothers_model(mine: Things, theirs: Things) -> None:
    used = {"run_id": mine.run, "models": [{"model_id": theirs.model}]}
    assert mine.client.post(f"{RUNS}/log-inputs", json=used).status_code == 200


def test_new_runs_lie_below_the_attempts_own(site: Site, mine: Things, theirs: Things) -> None:
    def made(**fields: Any) -> tuple[str, str]:
        answer = mine.client.post(f"{RUNS}/create", json={"start_time": 1, **fields})
        assert answer.status_code == 200, answer.text
        run = site.tracking.get_run(answer.json()["run"]["info"]["run_id"])
        return run.experiment_id, run.tags[PARENT_TAG]

    other = site.tracking.ensure_experiment("two/elsewhere")
    parent = {"key": PARENT_TAG, "value": theirs.run}
    assert made() == (mine.experiment, mine.run)
    assert made(experiment_id=other) == (mine.experiment, mine.run)
    assert made(experimentId=other) == (mine.experiment, mine.run)
    assert made(tags=[parent]) == (mine.experiment, mine.run)
    assert made(tags=[{"key": PARENT_TAG, "value": mine.child}]) == (mine.experiment, mine.child)
    assert made(tags=[{"key": PARENT_TAG, "value": mine.child}, parent]) == (mine.experiment, mine.run)


def test_no_attempt_passes_for_another(mine: Things, theirs: Things) -> None:
    """The control plane finds an attempt's run by its tag."""
    spoof = {"key": "gristmill.attempt", "value": theirs.attempt.id}
    for path, fields in (
        (f"{RUNS}/create", {"tags": [spoof]}),
        (f"{RUNS}/set-tag", {"run_id": mine.run, **spoof}),
        (f"{RUNS}/log-batch", {"run_id": mine.run, "tags": [spoof]}),
        (f"{RUNS}/delete-tag", {"run_id": mine.run, "key": "gristmill.attempt"}),
    ):
        answer = mine.client.post(path, json=fields)
        assert answer.status_code == 403, path
        assert "reserved" in answer.json()["message"]
    moved = {"run_id": mine.child, "key": PARENT_TAG, "value": theirs.run}
    assert mine.client.post(f"{RUNS}/set-tag", json=moved).status_code == 403


def test_the_attempts_first_run_is_not_deleted_by_it(mine: Things) -> None:
    assert mine.client.post(f"{RUNS}/delete", json={"run_id": mine.run}).status_code == 403
    assert mine.client.post(f"{RUNS}/delete", json={"run_id": mine.child}).status_code == 200


def test_versions_come_from_ones_own_models(site: Site, mine: Things, theirs: Things) -> None:
    create = "/api/2.0/mlflow/model-versions/create"
    assert mine.client.post("/api/2.0/mlflow/registered-models/create", json={"name": "two/own"}).status_code in {
        200,
        400,
    }
    name = f"own-{mine.run[:6]}"
    assert mine.client.post("/api/2.0/mlflow/registered-models/create", json={"name": name}).status_code == 200
    for source in (
        f"models:/{theirs.model}",
        f"runs:/{theirs.run}/model",
        f"mlflow-artifacts:/{theirs.experiment}/{theirs.run}/artifacts/model",
        f"{site.url}/mlflow{ARTIFACTS}/{theirs.experiment}/{theirs.run}/artifacts/model",
        "file:///etc",
        "/etc",
        "dummy-source",
    ):
        for more in ({}, {"run_id": mine.run}, {"model_id": mine.model}):
            answer = mine.client.post(create, json={"name": name, "source": source, **more})
            assert answer.status_code == 403, (source, answer.text)
    own = {"name": name, "source": f"models:/{mine.model}", "model_id": mine.model}
    assert mine.client.post(create, json={**own, "run_id": theirs.run}).status_code == 403
    assert mine.client.post(create, json=own).status_code == 200


def test_nothing_else_of_the_registry_is_written_by_attempts(mine: Things) -> None:
    for rule in RULES:
        if rule.writes and rule.scope and ("registered-models" in rule.path or "model-versions" in rule.path):
            if rule.confined:
                continue
            answer = mine.client.request(rule.method, f"/api/{rule.path}", json={"name": "two", "alias": "champion"})
            assert answer.status_code == 403, rule.path


def test_everything_that_no_confinement_opens_is_closed_to_attempts(mine: Things) -> None:
    for rule in RULES:
        if rule.writes and not rule.confined and "{" not in rule.path:
            path = rule.path if rule.path.startswith("/") else f"/ajax-api/{rule.path}"
            if path.endswith("/"):
                continue  # no route of ours ends so
            assert mine.client.request(rule.method, path, json={}).status_code == 403, rule.path


def test_any_experiment_is_the_attempts_own(site: Site, mine: Things) -> None:
    other = site.tracking.ensure_experiment("two/elsewhere")
    named = mine.client.get("/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": "two/elsewhere"})
    assert named.json()["experiment"]["experiment_id"] == mine.experiment
    tags = [{"key": "team", "value": "growth"}]
    made = mine.client.post("/api/2.0/mlflow/experiments/create", json={"name": "wished for", "tags": tags})
    assert made.json() == {"experiment_id": mine.experiment}
    run = site.tracking.get_run(mine.run)
    assert run.tags["gristmill.experiment"] == "wished for"
    assert run.tags["gristmill.experiment.team"] == "growth"

    tagging = "/api/2.0/mlflow/experiments/set-experiment-tag"
    assert mine.client.post(tagging, json={"experiment_id": other, "key": "k", "value": "v"}).status_code == 403
    own = {"experiment_id": mine.experiment, "key": "mlflow.note.content", "value": "v"}
    assert mine.client.post(tagging, json=own).status_code == 200
    assert site.tracking.get_run(mine.run).tags["gristmill.experiment.mlflow.note.content"] == "v"
    experiment = mine.client.get("/api/2.0/mlflow/experiments/get", params={"experiment_id": mine.experiment})
    assert "mlflow.note.content" not in experiment.text


def test_a_trace_that_somebody_else_made_is_nobodys_to_take(site: Site, mine: Things) -> None:
    person = site.client(site.person())
    trace = f"tr-{secrets.token_hex(16)}"
    person.post(TRACES, json=start_trace(trace, mine.experiment)).raise_for_status()
    assert mine.client.post(TRACES, json=start_trace(trace, mine.experiment)).status_code == 403
    spans = export(bytes.fromhex(trace.removeprefix("tr-")))
    headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": mine.experiment}
    assert mine.client.post("/v1/traces", headers=headers, content=spans).status_code == 403
    wrong = {**headers, "x-mlflow-experiment-id": "0"}
    assert mine.client.post("/v1/traces", headers=wrong, content=spans).status_code == 403
    none = {"content-type": "application/x-protobuf"}
    assert mine.client.post("/v1/traces", headers=none, content=spans).status_code == 403


def test_attempts_read_what_is_in_their_project(mine: Things, theirs: Things) -> None:
    assert mine.client.get(f"{RUNS}/get", params={"run_id": theirs.run}).status_code == 200
    assert mine.client.get(f"{MODELS}/{theirs.model}").status_code == 200
    found = mine.client.post(f"{RUNS}/search", json={"experiment_ids": [mine.experiment]}).json()["runs"]
    assert {mine.run, theirs.run} <= {run["info"]["run_id"] for run in found}
