"""`gristmill endpoints`: what serves models, and asking it."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gristmill.cli import endpoint_keys
from gristmill.cli.confirming import Yes
from gristmill.cli.options import AsJson, EndpointName

if TYPE_CHECKING:
    from gristmill.client.client import Client

app = typer.Typer(help="Endpoints: stable URLs that serve model versions.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(endpoint_keys.app, name="keys")


@app.command("list")
def show_all(as_json: AsJson = False) -> None:
    """List the endpoints: state, what each serves, where."""
    from gristmill.cli.endpoint_page import serves, shown_state
    from gristmill.cli.output import remark, state, table, write_json
    from gristmill.cli.session import ask
    from gristmill.cli.tables import Cell, Column
    from gristmill.client import api

    found = ask(api.list_endpoints())
    if as_json:
        write_json(found)
        return
    if not found:
        remark("There is no endpoint yet. `gristmill deploy MODEL/VERSION --endpoint NAME` makes one.")
        return
    columns = (Column(title="state"), Column(title="endpoint"), Column(title="target"), Column(title="serves"))
    rows = [
        (
            state(shown_state(one)),
            Cell(one.name, bold=True),
            one.target,
            serves(one),
            one.url,
            one.waiting or (one.observed.message if one.observed else "") or "",
        )
        for one in found
    ]
    table((*columns, Column(title="url"), Column(shrinks=True)), rows)


@app.command()
def show(name: EndpointName, as_json: AsJson = False) -> None:
    """Show an endpoint, with a curl command and Python that work as pasted."""
    from gristmill.cli.endpoint_page import print_endpoint
    from gristmill.cli.output import write_json
    from gristmill.cli.session import connected
    from gristmill.client import api

    with connected() as client:
        endpoint = client.send(api.get_endpoint(name))
        if as_json:
            write_json(endpoint)
        else:
            print_endpoint(endpoint, _example_if_there(client, name))


@app.command()
def predict(
    name: EndpointName,
    data: Annotated[
        str | None,
        typer.Option("--data", "-d", help="JSON, @FILE or - for stdin; default: the model's own input example."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask an endpoint, straight at its own URL. The answer is printed as JSON, the time on stderr."""
    from gristmill.cli.output import remark, say, write_json
    from gristmill.cli.session import connected, connected_with_tracking

    with connected() if data is not None else connected_with_tracking() as client:
        body = _given(data) if data is not None else _example(client, name)
        with client.predictor(name) as predictor:
            predictor.connect()
            began = time.perf_counter()
            answer = predictor.predict(body)
            took = (time.perf_counter() - began) * 1000
    if as_json:
        write_json({"answer": answer, "milliseconds": round(took, 3)})
        return
    import json

    say(json.dumps(answer, ensure_ascii=False))
    remark(f"{took:.3g} ms")


@app.command()
def key(
    name: EndpointName,
    new: Annotated[
        bool, typer.Option("--new", help="Issue another key and keep that; earlier ones stay valid.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print your API key for an endpoint; the first time one is issued, and kept for you alone."""
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import connected
    from gristmill.client import api

    with connected() as client:
        endpoint = client.send(api.get_endpoint(name))
        if new:
            client.wait_for_endpoint(client.new_key(endpoint))
        found = client.key(endpoint)
    if as_json:
        write_json({"endpoint": name, "key": found})
    else:
        say(found)


@app.command()
def delete(name: EndpointName, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete an endpoint: it stops answering, and its URL is gone. The model version stays."""
    from gristmill.cli.confirming import confirm
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import connected
    from gristmill.client import api

    confirm(f"Delete endpoint {name}? It stops answering at once.", yes=yes or as_json)
    with connected() as client:
        deleted = client.send(api.delete_endpoint(name))
        client.keys.forget(name)
    if as_json:
        write_json(deleted)
    else:
        say(f"Endpoint {name} is deleted; its processes end within seconds.")


def _given(data: str) -> bytes:
    """The request body that was asked for, which the endpoint will check; only that it is JSON is made sure here."""
    import sys
    from pathlib import Path

    import msgspec

    from gristmill.core.errors import InvalidInputError, NotFoundError

    if data == "-":
        content = sys.stdin.buffer.read()
    elif data.startswith("@"):
        try:
            content = Path(data[1:]).read_bytes()
        except OSError as error:
            raise NotFoundError(f"{data[1:]} cannot be read: {error.strerror}") from error
    else:
        content = data.encode()
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        raise InvalidInputError(
            f"--data is not JSON: {error}", hint="""For example: --data '{"dataframe_records": [{"x": 1}]}'"""
        ) from error
    return content


def _example_if_there(client: "Client", name: str) -> dict[str, Any] | None:
    """Without MLflow there is no example, and much else to show."""
    from gristmill.core.errors import UnavailableError

    try:
        return client.input_example(name)
    except UnavailableError:
        return None


def _example(client: "Client", name: str) -> dict[str, Any]:
    from gristmill.core.errors import InvalidInputError

    if (example := client.input_example(name)) is None:
        raise InvalidInputError(
            f"the model that {name} serves has no input example", hint="Give a request with --data."
        )
    return example
