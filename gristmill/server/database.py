"""`python -m gristmill.server.database status|upgrade`: what `gristmill db` asks for, answered as one JSON object."""

import json
import sys
from dataclasses import asdict

from gristmill.core.database import Database
from gristmill.core.errors import GristmillError, InvalidInputError
from gristmill.core.settings import read_settings
from gristmill.server import schema


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
    if arguments not in (["status"], ["upgrade"]):
        raise InvalidInputError(f"got {arguments}, expected status or upgrade")
    settings = read_settings()
    if settings.database_url is None:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = Database(settings.database)
    try:
        before = schema.state(db)
        if arguments == ["upgrade"]:
            schema.upgrade(db)
        after = schema.state(db)
    finally:
        db.close()
    return {**asdict(after), "was": before.current, "is_current": after.is_current}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
