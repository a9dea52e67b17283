"""`python -m gristmill.server.database status|upgrade [--force]`: what `gristmill db` asks for, as one JSON object."""

import json
import sys
from dataclasses import asdict

from gristmill.core.clock import SystemClock
from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, GristmillError, InvalidInputError
from gristmill.core.lease import PATIENCE, renewed
from gristmill.core.settings import read_settings
from gristmill.server import schema
from gristmill.server.renewal import ALONE, INTERVAL


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
    if arguments not in (["status"], ["upgrade"], ["upgrade", "--force"]):
        raise InvalidInputError(f"got {arguments}, expected status, upgrade or upgrade --force")
    settings = read_settings()
    if settings.database_url is None:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = Database(settings.database)
    try:
        before = schema.state(db)
        if arguments[0] == "upgrade":
            if arguments == ["upgrade"] and before.current is not None and before.known and not before.is_current:
                check_unused(db)
            schema.upgrade(db)
        after = schema.state(db)
    finally:
        db.close()
    return {**asdict(after), "was": before.current, "is_current": after.is_current}


def check_unused(db: Database) -> None:
    """Raises ConflictError while a control plane leads: its queries are of its own schema. It may take seconds."""
    if (holder := renewed(db, SystemClock(), within=max(INTERVAL, ALONE, PATIENCE) + 1)) is not None:
        raise ConflictError(
            f"the control plane {holder} uses this database",
            hint="Stop the control planes first (gristmill server stop), then upgrade; --force does not ask.",
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
