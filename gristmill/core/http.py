"""What every `routes.py` shares: who asks, what they may, where the services are, and how an error is answered."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from fastapi import FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.exceptions import HTTPException

from gristmill.core.errors import (
    HTTP_STATUS,
    Fault,
    GristmillError,
    InvalidInputError,
    Problem,
    UnauthenticatedError,
)
from gristmill.core.scopes import Actor, Scope
from gristmill.core.wire import PROJECT_HEADER

T = TypeVar("T")
Services = dict[Any, Any]

# `auto_error=False`: a missing token is answered by us, with a problem body and 401.
bearer = HTTPBearer(auto_error=False, scheme_name="bearer", description="An opaque token of Gristmill's own.")


def provide(kind: Callable[..., T] | type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency: the app's one service of this class (for a protocol, the one that was installed under it)."""

    async def service(request: Request) -> T:  # else FastAPI asks a thread for each service of each request
        found: T = request.app.state.services[kind]
        return found

    return service


class Authenticate(Protocol):
    """Whom a token speaks for, in the project that the request names, if it names one."""

    def __call__(self, token: str, project: str | None) -> Actor: ...


def actor_of(request: Request, token: str) -> Actor:
    authenticate: Authenticate = request.app.state.services[Authenticate]
    return authenticate(token, request.headers.get(PROJECT_HEADER) or None)


def current_actor(
    request: Request,
    wanted: SecurityScopes,
    credentials: HTTPAuthorizationCredentials | None = Security(bearer),  # noqa: B008  # FastAPI's way
) -> Actor:
    """Who asks, who has the scopes that are wanted."""
    if credentials is None:
        raise UnauthenticatedError(
            "this needs a token: expected the header 'Authorization: Bearer …'",
            hint="Commands find it by themselves; elsewhere set GRISTMILL_TOKEN.",
        )
    actor = actor_of(request, credentials.credentials)
    for scope in wanted.scopes:
        actor.require(Scope(scope))
    return actor


def requires(scope: Scope) -> Any:
    """A dependency: the actor that asks, who has this scope. OpenAPI shows the scope with the route."""
    return Security(current_actor, scopes=[scope.value])


PROBLEM_MEDIA = "application/problem+json"

# Any route may answer with any of them: each is a kind that the table of errors has. FastAPI builds a "model" anew for
# each status of each route: one is enough for the document, and for all of them it takes a second of every start.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": kind.title} for kind, status in HTTP_STATUS.items()
}
PROBLEMS[500]["model"] = Problem


BYTES = "application/octet-stream"
BINARY = {"type": "string", "format": "binary"}  # a schema


def streamed(media: str, description: str) -> dict[int | str, dict[str, Any]]:
    """What a route says of an answer that is bytes, or a text that grows."""
    return {200: {"description": description, "content": {media: {"schema": BINARY}}}}


class Api(FastAPI):
    """An app whose document says of errors what is sent: FastAPI itself knows but one media type for a route."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            for methods in super().openapi()["paths"].values():
                for operation in methods.values():
                    _say_problems(operation["responses"])
        document: dict[str, Any] = super().openapi()
        return document


def _say_problems(responses: dict[str, Any]) -> None:
    (problem,) = responses["500"]["content"].values()
    for status, response in responses.items():
        if int(status) >= 400:
            response["content"] = {PROBLEM_MEDIA: problem}


def problem_response(problem: Problem) -> Response:
    body = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "hint": problem.hint,
        "instance": problem.instance,
        "faults": [
            {
                "where": fault.where,
                "message": fault.message,
                "got": fault.got if isinstance(fault.got, str | int | bool | None) else str(fault.got)[:500],
                "expected": fault.expected,
                "hint": fault.hint,
            }
            for fault in problem.faults
        ],
    }
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else None
    return JSONResponse(body, problem.status, headers=headers, media_type=PROBLEM_MEDIA)


def install_error_handlers(app: FastAPI) -> None:
    """Every error is answered as a problem (RFC 9457); a bad request is 400, also where FastAPI would say 422."""

    @app.exception_handler(GristmillError)
    def ours(request: Request, error: GristmillError) -> Response:
        return problem_response(error.problem(request.url.path))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        faults = tuple(_fault(entry) for entry in error.errors())
        listed = "; ".join(f"{fault.where}: {fault.message}" for fault in faults)
        return problem_response(InvalidInputError(listed, faults=faults).problem(request.url.path))

    @app.exception_handler(HTTPException)
    def framework(request: Request, error: HTTPException) -> Response:
        kind = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http")
        problem = Problem(
            type=f"urn:gristmill:error:{kind}",
            title=str(error.detail),
            status=error.status_code,
            detail=f"{request.method} {request.url.path}: {error.detail}",
            code=kind,
        )
        response = problem_response(problem)
        response.headers.update(error.headers or {})
        return response

    # Starlette raises it again once this is sent, so that uvicorn logs it whole.
    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:  # noqa: ARG001  # nothing of it is told
        said = GristmillError(
            f"the control plane failed at {request.method} {request.url.path}",
            hint="Its log says why: server.log in its home. Please report it.",
        )
        return problem_response(said.problem(request.url.path))


def _fault(entry: dict[str, Any]) -> Fault:
    where = ".".join(str(part) for part in entry["loc"] if part != "body") or "body"
    got = entry.get("input")
    return Fault(where=where, message=entry["msg"], got=got if isinstance(got, str | int | float | bool) else None)
