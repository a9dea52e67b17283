"""What is an attempt's own, and where a request says what it writes to."""

import pytest

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, ForbiddenError
from gristmill.core.scopes import KERNEL_SCOPES, Actor, ActorKind
from gristmill.tracking.allow_list import RULES, find
from gristmill.tracking.confinement import Asked, Confined, check_locations, values
from gristmill.tracking.ownership import Ownership
from gristmill.tracking.rules import Act, Confinement
from gristmill.tracking.store import OwnedKind

TRACKED: dict[str, tuple[str | None, str]] = {
    "att_1": ("run1", "7"),
    "att_2": ("run2", "7"),
    "session_1": (None, "7"),
}


def actor(attempt: str) -> Actor:
    return Actor(
        id="a", project_id="default", kind=ActorKind.KERNEL, name=attempt, scopes=KERNEL_SCOPES, subject=attempt
    )


@pytest.fixture
def ownership(db: Database, clock: Clock) -> Ownership:
    return Ownership(db, clock, TRACKED.get)


@pytest.fixture
def confined(ownership: Ownership) -> Confined:
    """Attempt 1, which has made a run, a model and a trace."""
    attempt = ownership.attempt(actor("att_1"))
    for kind, mlflow_id in (
        (OwnedKind.RUN, "child"),
        (OwnedKind.MODEL, "m-1"),
        (OwnedKind.TRACE, "tr-1"),
    ):
        assert ownership.remember(attempt, kind, mlflow_id)
    other = ownership.attempt(actor("att_2"))
    assert ownership.remember(other, OwnedKind.MODEL, "m-2")
    return Confined(attempt, ownership)


def asked(body: dict[str, object] | None = None, **params: str) -> Asked:
    return Asked(params=params, headers={}, body=body)


@pytest.mark.parametrize(
    ("place", "body", "expected"),
    [
        ("body:run_id", {"run_id": "a"}, ["a"]),
        ("body:run_id", {"runId": "a"}, ["a"]),
        ("body:run_id", {"run_id": "a", "runId": "b"}, ["a", "b"]),
        ("body:run_id", {"run_id": None}, []),
        ("body:run_id", {"run_id": ["a"]}, [["a"]]),
        ("body:metrics[].model_id", {"metrics": [{"model_id": "a"}, {"modelId": "b"}, {}, 3]}, ["a", "b"]),
        ("body:metrics[].model_id", {"metrics": {"model_id": "a"}}, ["a"]),
        ("body:trace.trace_info.trace_id", {"trace": {"traceInfo": {"traceId": "a"}}}, ["a"]),
        ("body:trace_ids[]", {"trace_ids": ["a", "b"]}, ["a", "b"]),
        ("body:", {"key": "k"}, [{"key": "k"}]),
    ],
)
def test_a_body_is_read_in_every_spelling_that_mlflow_reads(
    place: str, body: dict[str, object], expected: list[object]
) -> None:
    assert values(asked(body), place) == expected


def test_a_query_is_read_as_often_as_it_names_something() -> None:
    twice = Asked(params={}, query=(("run_uuid", "a"), ("run_uuid", "b")), headers={})
    assert values(twice, "query:run_uuid") == ["a", "b"]


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("7/run1/artifacts/plot.png", True),
        ("7/child/artifacts/deep/plot.png", True),
        ("7/models/m-1/artifacts/MLmodel", True),
        ("7/traces/tr-1/artifacts/traces.json", True),
        ("7/run2/artifacts/plot.png", False),
        ("7/models/m-2/artifacts/MLmodel", False),
        ("7/traces/tr-2/artifacts/traces.json", False),
        ("8/run1/artifacts/plot.png", False),
        ("7/run1/artifacts", False),
        ("7/run1/artifacts/", False),
        ("7/run1/elsewhere/plot.png", False),
        ("7/run1/artifacts/../../run2/artifacts/plot.png", False),
        ("7/models/run1/artifacts/x", False),
        ("7/models/artifacts/x", False),
        ("7", False),
        ("workspaces/default/7/run1/artifacts/plot.png", True),
        ("workspaces/default/7/models/m-1/artifacts/MLmodel", True),
        ("workspaces/other/7/run1/artifacts/plot.png", False),
        ("workspaces/7/run1/artifacts/plot.png", False),
    ],
)
def test_artifacts_are_written_below_what_is_the_attempts_own(confined: Confined, path: str, own: bool) -> None:  # noqa: FBT001  # a table's column
    assert confined.artifact(path) is own


@pytest.mark.parametrize(
    ("source", "own"),
    [
        ("models:/m-1", True),
        ("runs:/run1/model", True),
        ("runs:/child/model", True),
        ("mlflow-artifacts:/7/run1/artifacts/model", True),
        ("mlflow-artifacts:/7/models/m-1/artifacts/sub/", True),
        ("models:/m-2", False),
        ("models:/churn/3", False),
        ("runs:/run2/model", False),
        ("runs:/run1/../run2/model", False),
        ("mlflow-artifacts:/7/run2/artifacts/model", False),
        ("mlflow-artifacts:/7/run1/artifacts/..%2f..%2frun2", False),
        ("mlflow-artifacts://host/7/run1/artifacts/model", False),
        ("file:///etc", False),
        ("/etc", False),
        ("http://127.0.0.1/7/run1/artifacts/model", False),
    ],
)
def test_a_version_is_registered_from_what_is_the_attempts_own(confined: Confined, source: str, own: bool) -> None:  # noqa: FBT001  # a table's column
    assert confined.source(source) is own


def test_both_spellings_of_a_field_must_be_the_attempts_own(confined: Confined) -> None:
    rule = Confinement(runs=("body:run_id", "body:run_uuid"))
    confined.check(rule, asked({"run_id": "run1", "run_uuid": "child"}))
    for body in ({"run_id": "run1", "runId": "run2"}, {"run_id": "run1", "runUuid": "run2"}, {"run_id": ["run1"]}):
        with pytest.raises(ForbiddenError, match="not this run's own"):
            confined.check(rule, asked(dict(body)))


def test_a_request_that_names_nothing_writes_nothing(confined: Confined) -> None:
    with pytest.raises(ForbiddenError, match="names nothing"):
        confined.check(Confinement(runs=("body:run_id",)), asked({}))


def test_mlflow_finalizes_the_model_of_the_body_so_both_are_held_against_the_attempt(confined: Confined) -> None:
    found = find("PATCH", "/api/2.0/mlflow/logged-models/m-1")
    assert found is not None
    rule, params = found
    assert rule.confined is not None
    confined.check(rule.confined, Asked(params=params, headers={}, body={"model_id": "m-1", "status": 2}))
    with pytest.raises(ForbiddenError, match="m-2"):
        confined.check(rule.confined, Asked(params=params, headers={}, body={"model_id": "m-2", "status": 2}))


def test_the_control_planes_tags_are_not_written_by_attempts(confined: Confined) -> None:
    rule = Confinement(names_nothing=True, tags=("body:tags[]", "body:", "path:tag_key"))
    confined.check(rule, asked({"tags": [{"key": "team", "value": "growth"}], "key": "x"}))
    for request in (
        asked({"tags": [{"key": "gristmill.attempt", "value": "att_2"}]}),
        asked({"key": "gristmill.attempt"}),
        asked(None, tag_key="gristmill.attempt"),
    ):
        with pytest.raises(ForbiddenError, match="reserved"):
            confined.check(rule, request)


def test_a_run_is_nobody_elses_child(confined: Confined) -> None:
    rule = Confinement(names_nothing=True, tags=("body:",))
    confined.check(rule, asked({"key": "mlflow.parentRunId", "value": "run1"}))
    with pytest.raises(ForbiddenError, match="parentRunId"):
        confined.check(rule, asked({"key": "mlflow.parentRunId", "value": "run2"}))


@pytest.mark.parametrize("location", ["/etc", "file:///etc", "../x", "mlflow-artifacts://host/x", "s3://bucket/x", 3])
def test_nobody_points_mlflow_at_other_places(location: object) -> None:
    found = find("POST", "/api/2.0/mlflow/experiments/create")
    assert found is not None
    check_locations(found[0], asked({"name": "x", "artifact_location": "mlflow-artifacts:/x"}))
    check_locations(found[0], asked({"name": "x"}))
    with pytest.raises(ForbiddenError, match="outside MLflow's artifact store"):
        check_locations(found[0], asked({"artifactLocation": location}))


def test_an_attempt_without_an_mlflow_run_writes_nothing(ownership: Ownership) -> None:
    with pytest.raises(ConflictError, match="no MLflow run yet"):
        ownership.attempt(actor("att_3"))


def test_what_an_attempt_made_stays_its_own_after_a_restart(confined: Confined, db: Database, clock: Clock) -> None:
    again = Ownership(db, clock, TRACKED.get)
    attempt, other = again.attempt(actor("att_1")), again.attempt(actor("att_2"))
    assert again.owns(attempt, OwnedKind.MODEL, "m-1")
    assert not again.owns(other, OwnedKind.MODEL, "m-1")
    assert not again.owns(attempt, OwnedKind.MODEL, "m-2")
    assert not again.owns(attempt, OwnedKind.RUN, "m-1"), "an id is of one kind"
    assert not again.remember(attempt, OwnedKind.MODEL, "m-2"), "another attempt made it"
    assert again.remember(attempt, OwnedKind.MODEL, "m-1"), "noting it again is harmless"


def test_an_interactive_session_owns_what_it_made_and_nothing_else_in_its_experiment(ownership: Ownership) -> None:
    session = ownership.attempt(actor("session_1"))
    assert ownership.remember(session, OwnedKind.RUN, "by-hand")
    confined = Confined(session, ownership)
    assert (confined.run("by-hand"), confined.created_run("by-hand"), confined.experiment("7")) == (True, True, True)
    for run in ("run1", "run2", "", "None"):
        assert not confined.run(run)
    assert confined.artifact("7/by-hand/artifacts/a.png")
    assert not confined.artifact("7/run1/artifacts/a.png")
    assert not confined.source("runs:/run1/model")


@pytest.mark.parametrize("holder", ["att_1", "session_1"])
def test_no_route_lets_a_token_write_to_what_is_anothers(ownership: Ownership, holder: str) -> None:
    """Every rule that confines, asked with names of another one's things in each of its places at once and alone."""
    confined = Confined(ownership.attempt(actor(holder)), ownership)
    looked_at = 0
    for rule in RULES:
        own = rule.confined
        if own is None:
            continue
        places = (*own.runs, *own.created_runs, *own.models, *own.traces, *own.experiments)
        places += tuple(place for place in (own.artifact, own.source) if place)
        assert places or own.names_nothing, f"{rule.method} {rule.path} confines by nothing"
        for place in places:
            looked_at += 1
            with pytest.raises(ForbiddenError, match="own"):
                confined.check(own, naming(place, "another's"))
        if not own.names_nothing:
            with pytest.raises(ForbiddenError, match="names nothing"):
                confined.check(own, Asked(params={}, headers={}))
        assert own.names_nothing is (own.act in MAKES or rule.path.endswith("registered-models/create"))
    assert looked_at > 40


MAKES = {Act.CREATE_RUN, Act.CREATE_MODEL, Act.NAME_EXPERIMENT, Act.CREATE_EXPERIMENT}


def naming(place: str, value: str) -> Asked:
    """A request that says `value` at this place, and nothing else."""
    kind, _, name = place.partition(":")
    if kind != "body":
        query = ((name, value),) if kind == "query" else ()
        return Asked(
            params={name: value} if kind == "path" else {},
            query=query,
            headers={name: value} if kind == "header" else {},
        )
    body: object = value
    for part in reversed(name.split(".")):
        body = {part.removesuffix("[]"): [body] if part.endswith("[]") else body}
    assert isinstance(body, dict)
    return Asked(params={}, headers={}, body=body)
