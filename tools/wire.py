"""Writes `src/api/wire.ts` from what control plane and server half say on the wire; with `--check` only compares."""

import json
import sys

from gristmill_lab.launch import Launched, RunOrder
from gristmill_lab.messages import EventMessage, ResetMessage, StateMessage
from gristmill_lab.places import Place
from gristmill_lab.reading import NotebookFacts

from gristmill.core.http import PROBLEMS, Api
from tools.node import FOLDER, output, package
from tools.pages import routers

WIRE = FOLDER / "src" / "api" / "wire.ts"


def document() -> str:
    """The OpenAPI document of the control plane, and with it what the server half takes and answers."""
    app = Api(responses=PROBLEMS)
    for router in routers():
        app.include_router(router)

    @app.post("/lab/launch")
    def launch(order: RunOrder) -> Launched: ...  # type: ignore[empty-body]  # its types are all that is wanted

    @app.post("/lab/notebook")
    def notebook() -> NotebookFacts: ...  # type: ignore[empty-body]  # the same

    @app.get("/lab/place")
    def place(source: str) -> Place: ...  # type: ignore[empty-body]  # the same

    @app.get("/lab/events")
    def events() -> StateMessage | EventMessage | ResetMessage: ...  # type: ignore[empty-body]  # the same

    return json.dumps(app.openapi())


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
