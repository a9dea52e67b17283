"""MLflow's answers that are no success, as our errors."""

import json

import httpx

from gristmill.core.errors import (
    ConflictError,
    ForbiddenError,
    GristmillError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)

_KINDS: dict[str, type[GristmillError]] = {
    "RESOURCE_DOES_NOT_EXIST": NotFoundError,
    "NOT_FOUND": NotFoundError,
    "ENDPOINT_NOT_FOUND": NotFoundError,
    "RESOURCE_ALREADY_EXISTS": ConflictError,
    "INVALID_STATE": ConflictError,
    "RESOURCE_CONFLICT": ConflictError,
    "PERMISSION_DENIED": ForbiddenError,
}
AWAY_HINT = "Gristmill's own is started again by itself; `gristmill server status` says how it stands."


def check(response: httpx.Response) -> None:
    """Raises what MLflow's answer means; nothing for a success. The body must have been read."""
    if response.is_success:
        return
    code, message = _said(response)
    if response.status_code >= 500 or response.status_code == 429:
        raise UnavailableError(f"MLflow answered {response.status_code}: {message}", hint=AWAY_HINT)
    kind = _KINDS.get(code) or {404: NotFoundError, 409: ConflictError}.get(response.status_code, InvalidInputError)
    raise kind(f"MLflow: {message}")


def away(error: httpx.HTTPError, reason: str | None) -> UnavailableError:
    """What to say of an MLflow that gave no answer; `reason` is what is known of it."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        said = reason or "MLflow is not there"
    elif isinstance(error, httpx.TimeoutException):
        said = "MLflow did not answer in time"
    else:
        said = f"the connection to MLflow broke: {str(error) or type(error).__name__}"
    return UnavailableError(said, hint=AWAY_HINT)


def _said(response: httpx.Response) -> tuple[str, str]:
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return "", response.text[:500] or response.reason_phrase
    if not isinstance(body, dict):
        return "", str(body)[:500]
    return str(body.get("error_code", "")), str(body.get("message") or body.get("detail") or body)[:2000]
