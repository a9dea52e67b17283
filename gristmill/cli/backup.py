"""`gristmill backup`, `restore` and `gc`: what is kept of a home, and what need not be."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from gristmill.core.wire import Collection

_POLL = 0.1


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; it must not be there yet.")],
    as_json: AsJson = False,
) -> None:
    """Write this machine's home into one file, while all goes on.

    Runs, their outputs and notebooks, blobs, MLflow's database and models, endpoints, the audit log. Not in it: tokens
    and API keys (only the hashes of the latter), the key of secrets, data roots, logs of the processes.
    """
    from gristmill.cli.output import remark, say, write_json
    from gristmill.cli.quantities import size
    from gristmill.cli.server_side import ask_process

    made = ask_process("backup", "create", str(file.expanduser().absolute()))
    if as_json:
        write_json(made)
        return
    say(f"{made['file']}: {made['files']} files, {size(made['bytes'])}, packed to {size(made['size'])}")
    _lacking(made)
    if made["mlflow"]:
        remark(f"Not in it: what is on the MLflow server {made['mlflow']}.")
    remark("Not in it: the key of your secrets. `gristmill secrets` of a restored home needs the same one.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `gristmill backup` has written.")],
    home: Annotated[Path | None, typer.Option("--home", help="An empty folder; default: GRISTMILL_HOME.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a home of a backup, in an empty folder; all of it is checked before. Nothing is started.

    Every token of before is void. Runs that were under way then have failed; queued ones start with the control plane,
    and so do endpoints, at the ports that they had.
    """
    from gristmill.cli.output import remark, say, write_json
    from gristmill.cli.server_side import ask_process

    folders = [str(home.expanduser().absolute())] if home is not None else []
    done = ask_process("backup", "restore", str(file.expanduser().absolute()), *folders)
    if as_json:
        write_json(done)
        return
    say(f"{done['home']}: {done['files']} files, as they were at {done['made_at']}")
    if done["interrupted"]:
        say(f"{done['interrupted']} runs were under way; they have failed, and can be run again.")
    _lacking(done)
    if done["mlflow"]:
        remark(f"It needs its MLflow server: GRISTMILL_MLFLOW_URL={done['mlflow']}")
    remark(f"GRISTMILL_HOME={done['home']} gristmill server start")


def _lacking(found: dict[str, Any]) -> None:
    from gristmill.cli.output import remark

    if found["lacking"]:
        remark(f"{len(found['lacking'])} blobs were lost before: {', '.join(found['lacking'][:3])}")


def collect(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove what nothing refers to any more, and say how much that was. The control plane does so by itself, rarely.

    What came or was asked for within GRISTMILL_BLOB_GRACE (a day) stays in any case.
    """
    from gristmill.cli.errors import fail
    from gristmill.cli.output import say, write_json

    found = _collected(dry_run=dry_run)
    if found.failed is not None:
        raise fail(f"the collection came to no end: {found.failed}")
    if as_json:
        write_json(found)
    else:
        say(_told(found))


def _collected(*, dry_run: bool) -> "Collection":
    """The round that was begun, once it is over. One that was under way is waited for first."""
    import time

    from gristmill.cli.session import connected
    from gristmill.client import api

    with connected() as client:
        found = client.send(api.begin_collection(dry_run=dry_run))
        while found.running or found.dry_run is not dry_run:
            if not found.running:
                found = client.send(api.begin_collection(dry_run=dry_run))
            time.sleep(_POLL)
            found = client.send(api.get_collection())
        return found


def _told(found: "Collection") -> str:
    from gristmill.cli.quantities import size

    others = (
        (found.snapshots, "snapshots without runs"),
        (found.folders, "folders of attempts that are over"),
        (found.events, "events that are not kept for longer"),
        (found.tokens, "revoked tokens"),
    )
    rest = "".join(f", {count} {what}" for count, what in others if count)
    verb = "Would free" if found.dry_run else "Freed"
    return f"{verb} {size(found.bytes)}: {found.blobs} blobs{rest}"
