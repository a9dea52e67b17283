"""What goes wrong at an endpoint, and how a caller is told.

Every error body is `{"error", "error_code", "message"}`: `error` is the Open Inference Protocol's, the other two are
what an MLflow client reads. Faults of the caller also carry `faults`, one for each value that is wrong.
"""

from typing import Any

import orjson

from gristmill.core.errors import Fault, GristmillError, InvalidInputError, UnavailableError

# Any other fault of the caller's is BAD_REQUEST, whatever its status: MLflow has no code for those.
_MLFLOW_CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    503: "TEMPORARILY_UNAVAILABLE",
}


class LoadError(GristmillError):
    """A model version cannot be served here. The hint says what to install, log again or change."""

    code = "model_not_loadable"
    title = "The model cannot be loaded"


class ModelFaultError(GristmillError):
    """The model raised on an input that its signature allows, and not because of a value in it."""

    code = "model_fault"
    title = "The model failed"


class UnsupportedMediaTypeError(InvalidInputError):
    code = "unsupported_media_type"
    title = "Content type not supported"

    @property
    def status(self) -> int:
        return 415


class MethodNotAllowedError(InvalidInputError):
    code = "method_not_allowed"
    title = "Method not allowed"

    @property
    def status(self) -> int:
        return 405


class OverloadedError(UnavailableError):
    """More requests wait than the endpoint is ready to hold; the answer carries `Retry-After`."""

    code = "overloaded"
    title = "Too many requests wait"


def error_body(error: GristmillError) -> bytes:
    """The JSON body of an answer that refuses."""
    status = error.status
    default = "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST"
    body: dict[str, Any] = {
        "error": error.message,
        "error_code": _MLFLOW_CODES.get(status, default),
        "message": error.message,
    }
    if error.hint:
        body["hint"] = error.hint
    if error.faults:
        body["faults"] = [_fault(fault) for fault in error.faults]
    return orjson.dumps(body, default=repr, option=orjson.OPT_NON_STR_KEYS)


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "where": fault.where,
        "message": fault.message,
        "got": fault.got,
        "expected": fault.expected,
        "hint": fault.hint,
    }
