"""`gristmill secrets`: named values that runs are granted, and what is said of them to a run."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.confirming import Yes, confirm
from gristmill.cli.options import AsJson
from gristmill.cli.terminal import is_terminal

if TYPE_CHECKING:
    from gristmill.cli.notebook import Notebook
    from gristmill.client.client import Client
    from gristmill.secrets.model import SecretGrant

app = typer.Typer(help="Secrets: named values for runs.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a secret.")]
Granted = Annotated[
    list[str] | None,
    typer.Option("--secret", metavar="NAME", help="For gristmill.secret(NAME); may be given again."),
]
GrantedAsVariable = Annotated[
    list[str] | None,
    typer.Option("--secret-env", metavar="NAME[=VARIABLE]", help="The same, as an environment variable too."),
]


@app.command("set")
def set_value(name: Name, as_json: AsJson = False) -> None:
    """Set a secret's value: asked for without showing it, or read from a pipe. It is never an argument.

    A value from a pipe loses one line break at its end. What ran with the value before keeps that.
    """
    from gristmill.cli.output import remark, say, styled, write_json
    from gristmill.cli.session import ask
    from gristmill.client import api
    from gristmill.secrets.model import SecretValue, check_name, check_value

    value = check_value(check_name(name), _read(name))
    stored = ask(api.set_secret(name, SecretValue(value=value)))
    if as_json:
        write_json(stored)
        return
    say(f"{styled('✓', 'green')} {styled(name, bold=True)} is set")
    say(f"  gristmill run NOTEBOOK --secret {name}      gristmill.secret({name!r}) in the notebook")
    say(f"  gristmill run NOTEBOOK --secret-env {name}  {name} in its environment too")
    if stored.kept:
        remark(f"It is kept {stored.kept}")


@app.command("list")
def show_all(as_json: AsJson = False) -> None:
    """List the secrets: who set them, when they were changed and last used. Values are never shown."""
    from gristmill.cli.output import remark, table, write_json
    from gristmill.cli.quantities import ago
    from gristmill.cli.session import ask
    from gristmill.cli.tables import Cell, Column
    from gristmill.client import api

    found = ask(api.list_secrets())
    if as_json:
        write_json(found)
        return
    if not found:
        remark("There is no secret yet. `gristmill secrets set NAME` makes one.")
        return
    columns = [Column(title=title) for title in ("name", "created", "by", "changed", "last used")]
    rows = [
        (
            Cell(one.name, bold=True),
            ago(one.created_at),
            one.created_by,
            ago(one.changed_at) if one.changed_at != one.created_at else "",
            ago(one.last_used_at) if one.last_used_at else "never",
        )
        for one in found
    ]
    table(columns, rows)


@app.command()
def delete(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a secret. Runs that were granted it and have not begun will fail."""
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import ask
    from gristmill.client import api

    confirm(f"Delete the secret {name}? Its value cannot be had again.", yes=yes)
    deleted = ask(api.delete_secret(name))
    if as_json:
        write_json(deleted)
    else:
        say(f"secret {deleted.name} is deleted")


@app.command()
def rotate(as_json: AsJson = False) -> None:
    """Encrypt every secret anew, with the newest key, in the vault that takes new values.

    Afterwards the old key is not needed any more. `docs/secrets.md` says how a key is exchanged.
    """
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import ask
    from gristmill.client import api

    stored = ask(api.rotate_secrets())
    if as_json:
        write_json(stored)
    else:
        say(f"{len(stored)} secrets are kept under the newest key")


def grants(names: Sequence[str], as_variables: Sequence[str]) -> "tuple[SecretGrant, ...]":
    """What `--secret` and `--secret-env` grant. A secret that both name is granted once."""
    from gristmill.secrets.model import SecretGrant

    variables = {}
    for text in as_variables:
        name, _, variable = text.partition("=")
        variables[name.strip()] = variable.strip() or name.strip()
    given = dict.fromkeys([*(name.strip() for name in names), *variables])
    return tuple(SecretGrant(name=name, env=variables.get(name)) for name in given)


def check(client: "Client", granted: "tuple[SecretGrant, ...]", notebook: "Notebook") -> None:
    """Before anything is sent: whether there are such secrets, and the notebook asks for no other.

    Raises:
        InvalidInputError: one, with every fault.
    """
    from gristmill.client import api
    from gristmill.notebooks.secret_names import read_secret_names
    from gristmill.secrets.model import check_grants

    used = read_secret_names(notebook.source)
    if granted or used:
        check_grants(granted, known=[one.name for one in client.send(api.list_secrets())], used=used)


def _read(name: str) -> str:
    if is_terminal(sys.stdin):
        import getpass

        return getpass.getpass(f"Value of {name} (it is not shown): ")
    # As bytes: what is not UTF-8 is a fault to be told, and no line break is translated.
    text = sys.stdin.buffer.read().decode(errors="surrogateescape")
    return text.removesuffix("\n").removesuffix("\r")
