"""`gristmill deploy`: a model version becomes what an endpoint answers with."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.options import AsJson, ProfileName
from gristmill.endpoints.model import Answers

if TYPE_CHECKING:
    from gristmill.client.client import Client
    from gristmill.endpoints.model import Endpoint

_PHASES = {
    "downloading": "downloading the model's files",
    "loading": "loading the model",
    "checking": "checking its answer to the input example",
}


def deploy(
    version: Annotated[str, typer.Argument(metavar="MODEL/VERSION", help="For example churn/3.")],
    endpoint: Annotated[str, typer.Option("--endpoint", help="Its name; it is made if it is not there.")],
    profile: ProfileName = None,
    without_key: Annotated[bool, typer.Option("--open", help="Answer without an API key (loopback only).")] = False,
    answers: Annotated[
        Answers | None, typer.Option("--answers", help="What a classifier answers with; default: as it was logged.")
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0, metavar="SECONDS", help="How long to wait until it serves.")
    ] = 600.0,
    as_json: AsJson = False,
) -> None:
    """Serve a model version at an endpoint.

    Returns when it has answered the model's input example and serves. What serves now goes on until then, and for good
    where the new version cannot be loaded. Ctrl-C and the timeout end the waiting only: it stays deployed, and serves
    as soon as it can.
    """
    from gristmill.cli.endpoint_page import print_deployed
    from gristmill.cli.errors import INTERRUPTED
    from gristmill.cli.options import model_version
    from gristmill.cli.output import remark, write_json
    from gristmill.cli.session import connected_with_tracking
    from gristmill.client import api
    from gristmill.endpoints.model import DeployRequest

    model, number = model_version(version)
    request = DeployRequest(model=model, version=number, profile=profile, open=without_key, answers=answers)
    with connected_with_tracking() as client:
        deployed = client.ensure_key(client.send(api.deploy(endpoint, request)))
        try:
            ready = _watch(client, deployed, timeout=timeout, quiet=as_json)
        except KeyboardInterrupt:
            remark(f"{endpoint} stays deployed and serves as soon as it can: gristmill endpoints show {endpoint}")
            raise typer.Exit(INTERRUPTED) from None
        if as_json:
            write_json(ready)
            return
        print_deployed(ready, client.send(api.get_model_version(model, number)).input_example)


def _watch(client: "Client", deployed: "Endpoint", *, timeout: float, quiet: bool) -> "Endpoint":
    """The endpoint once it serves; each phase is a line as it begins."""
    from gristmill.cli.output import say, state
    from gristmill.cli.quantities import duration

    began, said, current = time.monotonic(), "", deployed
    for current in client.watch_endpoint(deployed, timeout=timeout):
        now = phase(current, deployed.generation)
        if now != said and not quiet:
            said = now
            name, _, why = now.partition(": ")
            look = state(name)
            passed = duration(time.monotonic() - began) if time.monotonic() - began > 0.05 else ""
            say(f"{typer.style(look.text, fg=look.colour)}  {why or passed}".rstrip())
    return current


def phase(endpoint: "Endpoint", generation: int) -> str:
    """`starting`, `waiting: why`, `loading: what` or `ready`, of this generation."""
    from gristmill.endpoints.model import EndpointState

    seen = endpoint.observed
    if endpoint.waiting:
        return f"waiting: {endpoint.waiting}"
    if seen is None or seen.state is EndpointState.STOPPED:
        return "starting"
    if seen.state is EndpointState.READY and seen.generation >= generation:
        return "ready"
    if seen.phase is not None:
        return f"loading: {_PHASES[seen.phase.value]}"
    return f"loading: {seen.message}" if seen.message and seen.state is EndpointState.STARTING else "loading"
