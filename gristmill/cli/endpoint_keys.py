"""`gristmill endpoints keys`: who may call an endpoint."""

from typing import Annotated

import typer

from gristmill.cli.confirming import Yes
from gristmill.cli.options import AsJson, EndpointName

app = typer.Typer(help="API keys of an endpoint.", no_args_is_help=True, rich_markup_mode=None)

Key = Annotated[str, typer.Argument(metavar="KEY", help="Id or name of a key; `keys list` shows them.")]


@app.command("list")
def show_all(name: EndpointName, as_json: AsJson = False) -> None:
    """List an endpoint's API keys. The keys themselves are shown once, when they are made."""
    from gristmill.cli.output import remark, table, write_json
    from gristmill.cli.quantities import ago
    from gristmill.cli.session import connected
    from gristmill.cli.tables import Cell, Column
    from gristmill.client import api

    with connected() as client:
        found = client.send(api.list_endpoint_keys(name))
        own = client.keys.id(client.send(api.get_endpoint(name)))
    if as_json:
        write_json(found)
        return
    if not found:
        remark(f"There is no key yet. `gristmill endpoints key {name}` makes yours.")
        return
    columns = (Column(title="key"), Column(title="name"), Column(title="made by"), Column(title="made"), Column())
    table(
        columns,
        [
            (Cell(one.id, bold=True), one.name or "", one.created_by, ago(one.created_at), "yours" * (one.id == own))
            for one in found
        ],
    )


@app.command()
def create(
    name: EndpointName,
    key_name: Annotated[str | None, typer.Option("--name", help="What the key is for, as in lists.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key for somebody else, and print it this once. It is not kept here."""
    from gristmill.cli.output import remark, say, write_json
    from gristmill.cli.session import connected

    with connected() as client:
        issued = client.create_key(name, key_name)
    if as_json:
        write_json(issued)
        return
    say(issued.key)
    remark(f"It is not shown again. `gristmill endpoints keys revoke {name} {issued.id}` takes it back.")


@app.command()
def revoke(name: EndpointName, key: Key, yes: Yes = False, as_json: AsJson = False) -> None:
    """Revoke an API key: the endpoint refuses it from now on."""
    from gristmill.cli.confirming import confirm
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import connected

    confirm(f"Revoke key {key} of {name}? Who uses it is refused at once.", yes=yes or as_json)
    with connected() as client:
        endpoint = client.revoke_key(name, key)
    if as_json:
        write_json(endpoint)
    else:
        say(f"Key {key} is revoked: {name} refuses it.")
