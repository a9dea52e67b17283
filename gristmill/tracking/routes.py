"""MLflow below `/mlflow`, for MLflow's own clients and for its web pages."""

import json
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response

from gristmill.core.errors import GristmillError, UnauthenticatedError
from gristmill.core.http import actor_of, problem_response, provide
from gristmill.core.scopes import Actor
from gristmill.tracking.exchange import PREFIX
from gristmill.tracking.proxy import MlflowProxy

router = APIRouter(include_in_schema=False)

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
# The codes that MLflow's clients know, for our statuses.
_CODES = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "ENDPOINT_NOT_FOUND",
    409: "RESOURCE_CONFLICT",
    413: "INVALID_PARAMETER_VALUE",
    503: "TEMPORARILY_UNAVAILABLE",
}


class BrowserSessions(Protocol):
    """Who sits before a browser that was opened with a code."""

    def actor(self, request: Request) -> Actor | None:
        """The person of the request's session; None without one.

        Raises:
            ForbiddenError: another page sent the request.
        """
        ...


@router.api_route("/mlflow", methods=["GET"])
def to_pages(request: Request) -> Response:
    """MLflow's pages name their files relative to a folder."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}{PREFIX}/", status_code=307)


@router.api_route("/mlflow/{path:path}", methods=_METHODS)
async def proxy(
    request: Request,
    mlflow: Annotated[MlflowProxy, Depends(provide(MlflowProxy))],
    sessions: Annotated[BrowserSessions, Depends(provide(BrowserSessions))],
) -> Response:
    try:
        actor = await run_in_threadpool(_actor, request, sessions)
        return await mlflow.answer(actor, request)
    except GristmillError as error:
        return refusal(error, request)


def _actor(request: Request, sessions: BrowserSessions) -> Actor:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return actor_of(request, token.strip())
    if (person := sessions.actor(request)) is not None:
        return person
    raise UnauthenticatedError(
        "MLflow is reached here with a token or a session: got neither",
        hint="In a browser: `gristmill open mlflow`. For MLflow's client: set MLFLOW_TRACKING_TOKEN.",
    )


def refusal(error: GristmillError, request: Request) -> Response:
    """A problem that MLflow's clients understand too: they show `message` and know `error_code`."""
    problem = error.problem(request.url.path)
    said = f"{error.message}. {error.hint}" if error.hint else error.message
    code = _CODES.get(problem.status, "INTERNAL_ERROR")
    body = {**json.loads(bytes(problem_response(problem).body)), "error_code": code, "message": said}
    headers = {"www-authenticate": "Bearer"} if problem.status == 401 else None
    return JSONResponse(body, problem.status, headers=headers, media_type="application/problem+json")
