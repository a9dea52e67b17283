"""What a database's own errors mean to a caller: away or busy (try again), or a value that does not fit."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from gristmill.core.errors import GristmillError, InvalidInputError, UnavailableError

# https://www.sqlite.org/rescode.html: by no fault of the statement.
_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}

_UNIQUE_VIOLATION = "23505"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


class DatabaseAwayError(UnavailableError):
    """The database does not answer or has no room; nothing is stored, unless it was at its commit."""

    title = "The database is away"


class DatabaseRaceError(UnavailableError):
    title = "Another request was quicker"


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turns what SQLAlchemy raises within the block into our errors; a fault of our own statements stays as it is."""
    try:
        yield
    except exc.TimeoutError as error:
        raise DatabaseAwayError(
            f"no connection to {place} became free", hint="Try again: too many requests at once."
        ) from error
    except exc.DBAPIError as error:
        if (ours := _ours(error, place)) is None:
            raise
        raise ours from error


def _ours(error: exc.DBAPIError, place: str) -> GristmillError | None:
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
        return _away(error, place) if code in _SQLITE_AWAY else None
    if getattr(error.orig, "sqlstate", None) == _UNIQUE_VIOLATION:
        return DatabaseRaceError("the same was made by another request at the same moment", hint="Try again.")
    if isinstance(error, exc.DataError):
        return InvalidInputError(f"a value cannot be stored: {_said(error)}")
    away = isinstance(error, exc.OperationalError | exc.InterfaceError) or error.connection_invalidated
    return _away(error, place) if away else None


def _away(error: exc.DBAPIError, place: str) -> DatabaseAwayError:
    return DatabaseAwayError(f"the database {place} does not answer: {_said(error)}", hint="Try again when it is back.")


def _said(error: exc.DBAPIError) -> str:
    """The driver's first line: what follows may quote the statement's values."""
    return (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0][:300]
