"""MLflow's own table of routes against ours."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from gristmill.tracking.allow_list import RULES, find

# Run in a process of its own: nothing of MLflow is imported here.
WALK = """
import json
from fastapi.routing import iter_route_contexts
from mlflow.server import app as flask_app
from mlflow.server.fastapi_app import app
from mlflow.server.graphql.graphql_schema_extensions import schema
from mlflow.server.handlers import get_endpoints

routes = {(method, path) for path, _, methods in get_endpoints() for method in methods}
for rule in flask_app.url_map.iter_rules():
    routes |= {(method, rule.rule) for method in rule.methods - {"HEAD", "OPTIONS"}}
for route in iter_route_contexts(app.routes):
    routes |= {(method, route.path) for method in route.methods or () if method not in {"HEAD", "OPTIONS"}}
mutations = sorted(schema.graphql_schema.mutation_type.fields)
print(json.dumps({"routes": sorted(routes), "mutations": mutations}))
"""


@pytest.fixture(scope="module")
def walked() -> dict[str, Any]:
    environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-c", WALK], capture_output=True, text=True, env=environ, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.fixture(scope="module")
def routes(walked: dict[str, Any]) -> list[tuple[str, str]]:
    return [(method, template(path)) for method, path in walked["routes"]]


def template(path: str) -> str:
    """Flask's `<path:name>` and FastAPI's `{name:path}`, both as `{name:path}`."""
    return re.sub(r"<([^>]+)>", r"{\1}", re.sub(r"<path:([^>]+)>", r"{\1:path}", path))


def example(path: str) -> str:
    """A path that this template stands for."""
    return re.sub(r"\{[^}]*:path\}", "some/deep/part", re.sub(r"\{[^}:]*\}", "part", path))


def templates(path: str) -> set[str]:
    return {path} if path.startswith("/") else {f"/api/{path}", f"/ajax-api/{path}"}


def test_mlflow_has_the_routes_that_we_know(routes: list[tuple[str, str]]) -> None:
    assert len(routes) > 400


def test_every_route_of_mlflow_is_classified(routes: list[tuple[str, str]]) -> None:
    known = {(rule.method, path) for rule in RULES for path in templates(rule.path)}
    unknown = [route for route in routes if route not in known]
    assert unknown == [], "routes that nobody classified: they do not exist for the proxy until someone does"


def test_every_rule_stands_for_a_route_of_mlflow(routes: list[tuple[str, str]]) -> None:
    there = set(routes)
    stale = [
        f"{rule.method} {rule.path}"
        for rule in RULES
        if not any((rule.method, path) in there for path in templates(rule.path))
    ]
    assert stale == [], "rules of routes that MLflow no longer has"


def test_every_route_finds_its_own_rule(routes: list[tuple[str, str]]) -> None:
    wrong = []
    for method, path in routes:
        found = find(method, example(path))
        if found is None or path not in templates(found[0].path):
            wrong.append((method, path, found and found[0].path))
    assert wrong == [], "MLflow would do something else than what the rule is about"


def test_a_route_is_classified_once() -> None:
    rules = [(rule.method, rule.path) for rule in RULES]
    assert sorted(rules) == sorted(set(rules))


def test_mlflows_graphql_changes_nothing(walked: dict[str, Any]) -> None:
    """The UI's queries are classified as reading: what MLflow calls mutations only searches, or echoes."""
    assert walked["mutations"] == ["mlflowSearchDatasets", "mlflowSearchRuns", "testMutation"]


def test_what_is_refused_says_why() -> None:
    assert [rule for rule in RULES if rule.scope is None and not rule.reason] == []


def test_what_executes_code_holds_secrets_or_calls_others_is_refused_to_everybody() -> None:
    for word in ("gateway/", "assistant", "webhooks", "invoke", "jobs", "mcp-servers", "presigned", "mpu", "promptlab"):
        rules = [rule for rule in RULES if word in rule.path]
        assert rules, word
        assert [rule.path for rule in rules if rule.scope is not None] == []
