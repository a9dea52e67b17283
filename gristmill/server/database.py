"""`python -m gristmill.server.database status|upgrade [--force]`: what `gristmill db` asks for, as one JSON object.

With `--wait` in the end it waits for a database that does not answer yet: so an installation's parts may start at once.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

from gristmill.core.clock import Clock, SystemClock
from gristmill.core.database import Database
from gristmill.core.database_faults import DatabaseAwayError
from gristmill.core.errors import ConflictError, GristmillError, InvalidInputError
from gristmill.core.lease import PATIENCE, renewed
from gristmill.core.settings import read_settings
from gristmill.server import schema
from gristmill.server.renewal import ALONE, INTERVAL

LONGEST = 300.0  # seconds that a database is waited for
_PAUSE = 1.0


def main(arguments: list[str]) -> int:
    """0, and the schema's state; or an error's exit status, and the error."""
    try:
        answer = _answer(arguments)
    except GristmillError as error:
        json.dump({"error": asdict(error.problem()), "exit_code": error.exit_code}, sys.stdout)
        return error.exit_code
    json.dump(answer, sys.stdout)
    return 0


def _answer(arguments: list[str]) -> dict[str, object]:
    waits = arguments[-1:] == ["--wait"]
    arguments = arguments[:-1] if waits else arguments
    if arguments not in (["status"], ["upgrade"], ["upgrade", "--force"]):
        raise InvalidInputError(f"got {arguments}, expected status, upgrade or upgrade --force, and --wait behind it")
    settings = read_settings()
    if settings.database_url is None:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = Database(settings.database)
    try:
        before = until_there(db, SystemClock()) if waits else schema.state(db)
        if arguments[0] == "upgrade":
            if arguments == ["upgrade"] and before.current is not None and before.known and not before.is_current:
                check_unused(db)
            schema.upgrade(db)
        after = schema.state(db)
    finally:
        db.close()
    return {**asdict(after), "was": before.current, "is_current": after.is_current}


def until_there(db: Database, clock: Clock, pause: Callable[[float], object] = time.sleep) -> schema.SchemaState:
    """The schema's state, as soon as the database answers; that it is waited for is said once.

    Raises:
        DatabaseAwayError: it has not answered for five minutes.
    """
    deadline, told = clock.monotonic() + LONGEST, False
    while True:
        try:
            return schema.state(db)
        except DatabaseAwayError as error:
            if clock.monotonic() >= deadline:
                raise DatabaseAwayError(
                    f"{error.message} (waited for {LONGEST:g} s)", hint="Look whether it runs, and under this address."
                ) from error
            if not told:
                sys.stderr.write(f"waiting for the database, at most {LONGEST:g} s: {error.message}\n")
            told = True
        pause(_PAUSE)


def check_unused(db: Database) -> None:
    """Raises ConflictError while a control plane leads: its queries are of its own schema. It may take seconds."""
    if (holder := renewed(db, SystemClock(), within=max(INTERVAL, ALONE, PATIENCE) + 1)) is not None:
        raise ConflictError(
            f"the control plane {holder} uses this database",
            hint="Stop the control planes first (gristmill server stop), then upgrade; --force does not ask.",
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
