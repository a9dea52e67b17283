"""Packing a notebook with its data: what the run would lack is offered as data roots."""

import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gristmill.cli.terminal import is_terminal

if TYPE_CHECKING:
    from gristmill.client.client import Client
    from gristmill.client.pack import Packed
    from gristmill.client.pack.offers import Offer
    from gristmill.data_roots.model import DataBinding


def packed_with_data(
    client: "Client", notebook: Path, texts: Iterable[str], *, yes: bool, ask: bool
) -> tuple["Packed", tuple["DataBinding", ...]]:
    """The snapshot, and the data that the run is bound to, with what was offered and taken.

    Raises:
        InvalidInputError: the notebook surely reads what the run would lack, and nobody is there to be asked.
    """
    from gristmill.cli.data import sentence
    from gristmill.cli.output import remark
    from gristmill.client import offering
    from gristmill.client.data_roots import store

    asking = ask and is_terminal(sys.stdin) and is_terminal()

    def choose(packed: "Packed", offered: Sequence["Offer"], root: Path) -> list["Offer"]:
        _tell(packed, offered, root)
        return _taken(offered, root, yes=yes, ask=asking)

    def keep(one: "DataBinding", root: Path) -> None:
        remark(sentence(store(client, one, root)))

    return offering.packed_with_data(client, notebook, choose, keep, texts=texts)


def checked(
    client: "Client",
    packed: "Packed",
    notebook: Path,
    *,
    kernel: str | None,
    environment: str | None,
    data: Sequence[str],
) -> None:
    """Tells what of its packages the run may lack.

    Raises:
        InvalidInputError: what it surely lacks, all of it.
    """
    from gristmill.cli.output import remark, styled
    from gristmill.client.environments import check

    told = check(client, packed, kernel=kernel, environment=environment, data=data, command=str(notebook))
    for notice in told:
        remark(f"{styled('!', 'yellow')} {notice}")


def _tell(packed: "Packed", offered: Sequence["Offer"], root: Path) -> None:
    """What is done otherwise than one may expect; above all a file that the notebook names and the run will lack."""
    from gristmill.cli.left_out import sentence
    from gristmill.cli.output import remark, styled

    curable = {item.path for offer in offered for item in offer.items}
    told = [
        sentence(one, root, cure=False) if one.path in curable else sentence(one, root)
        for one in packed.left_out
        if one.named
    ]
    for notice in (*packed.notices, *told):
        remark(f"{styled('!', 'yellow')} {notice}")


def _taken(offered: Sequence["Offer"], root: Path, *, yes: bool, ask: bool) -> list["Offer"]:
    from gristmill.cli.output import remark

    if yes or ask:
        return [offer for offer in offered if yes or typer.confirm(question(offer), default=True)]
    _refuse([offer for offer in offered if offer.certain], root)
    for offer in offered:
        remark(f"  {command(offer, root)}")
    return []


def question(offer: "Offer") -> str:
    return f"Use {offer.at}{'/' if offer.folder else ''} as a data root named {offer.name}?"


def command(offer: "Offer", root: Path) -> str:
    """What makes the offered data root, typed where the command was."""
    import os

    from gristmill.client.pack.root import find_root

    path = os.path.relpath(root / offer.at) + ("/" if offer.folder else "")
    whose = "" if find_root(Path.cwd()).path == root else f" --project {shlex.quote(os.path.relpath(root))}"
    return f"gristmill data add {offer.name} {shlex.quote(path)}{whose}"


def _refuse(needed: Sequence["Offer"], root: Path) -> None:
    from gristmill.core.errors import Fault, InvalidInputError

    if not needed:
        return
    items = [item for offer in needed for item in offer.items if item.certain]
    raise InvalidInputError(
        f"the notebook reads {', '.join(item.path for item in items[:3])}, which the run would not have",
        hint=f"{' && '.join(command(offer, root) for offer in needed)}   (or run it with --yes)",
        faults=tuple(
            Fault(where=item.path, message=f"{item.path} is data that no data root has", got=item.size)
            for item in items
        ),
    )
