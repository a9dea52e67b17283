"""The client's table of calls holds what the control plane's OpenAPI document says, and the document is complete."""

import inspect
from collections.abc import Callable
from typing import Any, get_args, get_origin

import pytest

from gristmill.client import api
from gristmill.client.call import Call
from gristmill.core.errors import HTTP_STATUS
from gristmill.core.scopes import Scope
from gristmill.core.small_blobs import SmallBlob, SmallBlobs
from gristmill.data_roots.model import DataRootRequest
from gristmill.endpoints.model import DeployRequest, KeyRequest, TryOutRequest
from gristmill.environments.model import EnvironmentCheck, EnvironmentKind, EnvironmentRequest, PruneRequest
from gristmill.interactive.model import InteractiveRequest
from gristmill.models.model import RegisterRequest
from gristmill.runs.model import RunChange, RunRequest
from gristmill.secrets.model import SecretValue
from gristmill.snapshots.model import SnapshotRequest

# The first proves who it is, the second is opened by its single-use code.
PUBLIC = {"/api/instance", "/open/{code}"}
SAMPLES: dict[str, Any] = {
    "request": None,
    "digests": ("sha256:" + "0" * 64,),
    "blobs": SmallBlobs(blobs=(SmallBlob.of("sha256:" + "0" * 64, b"x"),)),
    "content": b"x",
    "after": 1,
    "limit": 10,
}
REQUESTS: dict[str, Any] = {
    "create_snapshot": SnapshotRequest(notebook="a.ipynb", files=()),
    "create_data_root": DataRootRequest(name="d", source="/d", at="d"),
    "create_run": RunRequest(snapshot="s"),
    "change_run": RunChange(),
    "create_environment": EnvironmentRequest(name="e", kind=EnvironmentKind.KERNEL, source="python3"),
    "check_environment": EnvironmentCheck(kernel="python3"),
    "prune_environments": PruneRequest(everything=True),
    "start_interactive": InteractiveRequest(notebook="a.ipynb"),
    "register_model": RegisterRequest(run="r"),
    "issue_endpoint_key": KeyRequest(name="k"),
    "set_secret": SecretValue(value="a-value"),
    "deploy": DeployRequest(model="m", version="1"),
    "begin_try_out": TryOutRequest(model="m", version="1"),
}
CALLS = dict(inspect.getmembers(api, lambda member: inspect.isfunction(member) and member.__module__ == api.__name__))


def sample(name: str, function: Callable[..., Call[Any]]) -> Call[Any]:
    """The call with every argument given, so that every query parameter shows."""
    given: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        known = REQUESTS.get(name) if parameter.name == "request" else SAMPLES.get(parameter.name)
        given[parameter.name] = known if known is not None else "x"
    return function(**given)


def operation(document: dict[str, Any], request: Call[Any]) -> dict[str, Any]:
    path = request.template.replace(":path}", "}")
    assert path in document["paths"], f"no route {path}"
    assert request.method.lower() in document["paths"][path], f"no {request.method} {path}"
    found: dict[str, Any] = document["paths"][path][request.method.lower()]
    return found


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_what_the_document_says(document: dict[str, Any], name: str) -> None:
    request = sample(name, CALLS[name])
    found = operation(document, request)
    known = {parameter["name"] for parameter in found.get("parameters", ()) if parameter["in"] == "query"}
    assert set(request.query) <= known
    if request.body is not None:
        reference = found["requestBody"]["content"]["application/json"]["schema"].get("$ref", "")
        assert isinstance(request.body, dict) or reference.endswith(f"/{type(request.body).__name__}")
    if request.answer not in {bytes, type(None)}:
        assert answered(found) == wanted(request.answer)


def wanted(answer: Any) -> tuple[str, bool]:
    if get_origin(answer) is tuple:
        return get_args(answer)[0].__name__, True
    return answer.__name__, False


def answered(found: dict[str, Any]) -> tuple[str, bool]:
    """The name of the answer's type, and whether it is a list of it."""
    code = next(code for code in found["responses"] if code.startswith("2"))
    schema = found["responses"][code]["content"]["application/json"]["schema"]
    many = schema.get("type") == "array"
    reference = (schema["items"] if many else schema)["$ref"]
    return reference.rpartition("/")[2], many


def test_every_route_names_its_scope_its_summary_and_its_errors(document: dict[str, Any]) -> None:
    scopes = {scope.value for scope in Scope}
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            where = f"{method} {path}"
            assert found.get("summary"), where
            assert found.get("tags"), where
            if path in PUBLIC:
                continue
            named = {scope for entry in found.get("security", ()) for scope in entry.get("bearer", ())}
            assert named, f"{where} asks for no scope"
            assert named <= scopes, where


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, found) for path, methods in document["paths"].items() for method, found in methods.items()]


def test_every_error_is_declared_as_the_problem_that_is_sent(document: dict[str, Any]) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for method, path, found in operations(document):
        errors = {code: answer["content"] for code, answer in found["responses"].items() if int(code) >= 400}
        assert errors == {str(status): problem for status in HTTP_STATUS.values()}, f"{method} {path}"
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_answer_says_what_it_holds(document: dict[str, Any]) -> None:
    for method, path, found in operations(document):
        for code in found["responses"].keys() & {"200", "201", "202"}:
            (held,) = found["responses"][code]["content"].values()
            assert held["schema"], f"{method} {path}"


def test_every_body_that_is_taken_is_declared(document: dict[str, Any]) -> None:
    for method, path, found in operations(document):
        if method == "put":
            (taken,) = found["requestBody"]["content"].values()
            assert taken["schema"], path


@pytest.mark.parametrize("name", [name for name, function in CALLS.items() if sample(name, function).answer is bytes])
def test_what_is_answered_as_bytes_is_declared_so(document: dict[str, Any], name: str) -> None:
    found = operation(document, sample(name, CALLS[name]))
    (held,) = found["responses"]["200"]["content"].items()
    assert held[0] != "application/json"
    assert held[1]["schema"] == {"type": "string", "format": "binary"}


@pytest.mark.parametrize("name", [name for name, function in CALLS.items() if sample(name, function).content])
def test_what_is_sent_as_bytes_is_declared_so(document: dict[str, Any], name: str) -> None:
    found = operation(document, sample(name, CALLS[name]))
    assert list(found["requestBody"]["content"]) == ["application/octet-stream"]


def test_the_document_names_the_routes_that_need_no_token(document: dict[str, Any]) -> None:
    assert {path for _, path, found in operations(document) if not found.get("security")} == PUBLIC
    assert all(f"`GET {path}`" in document["info"]["description"] for path in PUBLIC)
