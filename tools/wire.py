"""Writes `src/api/wire.ts` from what control plane and server half say on the wire; with `--check` only compares."""

import json
import sys
from collections.abc import Callable
from typing import Any

from gristmill_lab.calling import Answered, Calls
from gristmill_lab.copying import Copied, CopyOrder
from gristmill_lab.diffs import NotebookDiff
from gristmill_lab.kept import AttachedKernel
from gristmill_lab.launch import Launched, RunOrder
from gristmill_lab.messages import EventMessage, ResetMessage, StateMessage
from gristmill_lab.places import Place
from gristmill_lab.preflight import Preflight, PreflightOrder
from gristmill_lab.preview import TablePreview
from gristmill_lab.reading import NotebookFacts

from gristmill.core.http import PROBLEMS, Api
from tools.node import FOLDER, output, package
from tools.pages import routers

WIRE = FOLDER / "src" / "api" / "wire.ts"


# What the server half takes and answers; None where nothing is taken.
_OF_THE_SERVER_HALF: tuple[tuple[Any, Any], ...] = (
    (RunOrder, Launched),
    (PreflightOrder, Preflight),
    (CopyOrder, Copied),
    (None, NotebookFacts),
    (None, Place),
    (None, TablePreview),
    (None, AttachedKernel),
    (None, NotebookDiff),
    (None, Answered),
    (None, Calls),
    (None, StateMessage | EventMessage | ResetMessage),
)


def document() -> str:
    """The OpenAPI document of the control plane, and with it what the server half takes and answers."""
    app = Api(responses=PROBLEMS)
    for router in routers():
        app.include_router(router)
    for number, (takes, answers) in enumerate(_OF_THE_SERVER_HALF):
        app.add_api_route(f"/lab/{number}", _handler(takes, answers), methods=["POST"])
    written = app.openapi()
    for methods in written["paths"].values():
        for operation in methods.values():  # problems have one type everywhere, and a dozen statuses on each route
            operation["responses"] = {code: one for code, one in operation["responses"].items() if code.startswith("2")}
    return json.dumps(written)


def _handler(takes: Any, answers: Any) -> Callable[..., Any]:
    """Of which only the types are wanted."""

    def with_body(order: Any) -> Any: ...

    def without() -> Any: ...

    chosen = without if takes is None else with_body
    chosen.__annotations__ = {"return": answers} if takes is None else {"order": takes, "return": answers}
    return chosen


def main(arguments: list[str]) -> int:
    with_header = output(
        package("openapi-typescript"), "--root-types", "--root-types-no-schema-prefix", given=document()
    )
    formatted = output(package("prettier"), "--stdin-filepath", str(WIRE), given=with_header)
    if arguments != ["--check"]:
        WIRE.write_text(formatted)
    elif WIRE.read_text() != formatted:
        print(f"{WIRE.name} is not what the control plane says: run `.venv/bin/python -m tools.wire`")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
