"""One root error, a stable code per kind, one table to HTTP statuses and exit codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)  # not `kw_only`, which came with Python 3.10: see `worker/lent_verbs.py`
class Fault:
    """One thing wrong with one place of an input: what, got, expected, what to do."""

    where: str
    message: str
    got: Any = None
    expected: str | None = None
    hint: str | None = None


@dataclass(frozen=True)
class Problem:
    """A fault on the wire: RFC 9457 problem details, with our code, faults and next step as extension members."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str | None = None
    instance: str | None = None
    faults: tuple[Fault, ...] = ()


class GristmillError(Exception):
    """Everything that Gristmill raises on purpose. The message says what, got and expected; `hint` says what to do."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(self, message: str, *, hint: str | None = None, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.faults = faults

    @property
    def status(self) -> int:
        """HTTP status, by the nearest class in the table."""
        return next(HTTP_STATUS[kind] for kind in type(self).__mro__ if kind in HTTP_STATUS)

    @property
    def exit_code(self) -> int:
        """Exit status of a command that ends with this error, by the nearest class in the table."""
        return next(EXIT_CODE[kind] for kind in type(self).__mro__ if kind in EXIT_CODE)

    def problem(self, instance: str | None = None) -> Problem:
        return Problem(
            type=f"urn:gristmill:error:{self.code}",
            title=self.title,
            status=self.status,
            detail=self.message,
            code=self.code,
            hint=self.hint,
            instance=instance,
            faults=self.faults,
        )


class InvalidInputError(GristmillError, ValueError):
    code = "invalid_input"
    title = "The input is not valid"


class UnauthenticatedError(GristmillError, PermissionError):
    code = "unauthenticated"
    title = "No valid token"


class ForbiddenError(GristmillError, PermissionError):
    code = "forbidden"
    title = "Not allowed"


class NotFoundError(GristmillError, LookupError):
    code = "not_found"
    title = "Not found"


class ConflictError(GristmillError):
    code = "conflict"
    title = "The state does not allow this"


class TooLargeError(InvalidInputError):
    code = "too_large"
    title = "Too large"


class QueueFullError(GristmillError):
    code = "queue_full"
    title = "The queue is full"


class UnavailableError(GristmillError):
    """Something that Gristmill depends on does not answer; trying again later may help."""

    code = "unavailable"
    title = "Not available now"


class StorageFullError(UnavailableError):
    """There is no room to store something; nothing of it is stored."""

    code = "storage_full"
    title = "No room left"


class UnsupportedError(GristmillError):
    """The request is well-formed, and this version or machine cannot do it."""

    code = "unsupported"
    title = "Not supported here"


HTTP_STATUS: dict[type[GristmillError], int] = {
    GristmillError: 500,
    InvalidInputError: 400,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TooLargeError: 413,
    QueueFullError: 429,
    UnavailableError: 503,
    StorageFullError: 507,
    UnsupportedError: 422,
}

# 1 is left to a run that failed, 2 to a wrong command line (Click's own), 130 to Ctrl-C.
EXIT_CODE: dict[type[GristmillError], int] = {
    GristmillError: 70,
    InvalidInputError: 3,
    NotFoundError: 4,
    ConflictError: 5,
    UnauthenticatedError: 6,
    ForbiddenError: 6,
    QueueFullError: 7,
    UnavailableError: 8,
    UnsupportedError: 9,
}


def error_from_problem(problem: Problem) -> GristmillError:
    """The error that a control plane answered with, raised again on the client's side."""
    kind = _BY_CODE.get(problem.code) or _BY_STATUS.get(problem.status, GristmillError)
    return kind(problem.detail, hint=problem.hint, faults=problem.faults)


_BY_CODE: dict[str, type[GristmillError]] = {kind.code: kind for kind in HTTP_STATUS}
# What a part of the server calls by a name of its own is of the kind that has its status.
_BY_STATUS = {status: kind for kind, status in HTTP_STATUS.items()}
