"""A notebook of this disk becomes a run: packed here, with its data, and checked before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.client.data_roots import store
from gristmill.client.environments import check
from gristmill.client.offering import packed_with_data
from gristmill.client.pack import Packed
from gristmill.client.pack.offers import Offer
from gristmill.core.errors import Fault, GristmillError, InvalidInputError, NotFoundError
from gristmill.data_roots.model import DataBinding
from gristmill.runs.model import Run, RunRequest
from gristmill.secrets.model import SecretGrant


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """What the form sends. `data_roots` are places in the project that are to be data roots from now on."""

    path: str
    parameters: dict[str, Any] = field(default_factory=dict)
    profile: str | None = None
    environment: str | None = None
    name: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    retries: int = 0
    priority: int = 0
    secrets: tuple[SecretGrant, ...] = ()
    data_roots: tuple[str, ...] = ()
    post_mortem_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Launched:
    """`notices` say what was done otherwise than one may expect."""

    run: Run
    notices: tuple[str, ...] = ()


def launch(client: Client, notebook: Path, order: RunOrder) -> Launched:
    """The new run, queued.

    Raises:
        NotFoundError: there is no such notebook.
        InvalidInputError: with every fault; one `where` is `data:<place>` for what could be a data root.
    """
    if not notebook.is_file():
        raise NotFoundError(f"there is no notebook {order.path}", hint="Save it under this name first.")

    def choose(packed: Packed, offered: Sequence[Offer], root: Path) -> list[Offer]:
        del packed, root
        wanted = [one for one in offered if one.at in order.data_roots]
        _refuse([one for one in offered if one.certain and one not in wanted])
        return wanted

    made: list[tuple[DataBinding, Path]] = []
    packed, data = packed_with_data(client, notebook, choose, lambda one, root: made.append((one, root)))
    with packed:
        environment, places = order.environment, [one.at for one in data]
        told = check(client, packed, environment=environment, data=places, command=order.path)
        snapshot = client.send_snapshot(packed)
    run = client.send(api.create_run(_request(order, snapshot.id, data)))
    return Launched(run=run, notices=(*packed.notices, *told, *_kept(client, made)))


def _kept(client: Client, made: Sequence[tuple[DataBinding, Path]]) -> list[str]:
    """What was chosen becomes data roots once the run is certain: one that is refused changes nothing."""
    notices = []
    for one, root in made:
        try:
            store(client, one, root)
        except GristmillError as error:
            notices.append(f"{one.at} is bound to this run, but is no data root: {error.message}")
    return notices


def _refuse(lacking: list[Offer]) -> None:
    if not lacking:
        return
    faults = tuple(
        Fault(
            where=f"data:{offer.at}",
            message=f"{named(offer)} is read by the notebook and is too large to travel with it, or ignored",
            got=sum(item.size or 0 for item in offer.items),
            expected="a data root: bound into each run at the same place, and not copied",
        )
        for offer in lacking
    )
    raise InvalidInputError(
        f"the notebook reads data that the run would not have: {', '.join(offer.at for offer in lacking)}",
        hint="Use it as a data root.",
        faults=faults,
    )


def named(offer: Offer) -> str:
    """The files of it that the notebook surely reads, else all, in a few words."""
    files = [item.path for item in offer.items if item.certain] or [item.path for item in offer.items]
    return ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")


def _request(order: RunOrder, snapshot: str, data: tuple[DataBinding, ...]) -> RunRequest:
    return RunRequest(
        snapshot=snapshot,
        parameters=order.parameters,
        secrets=order.secrets,
        profile=order.profile,
        name=order.name,
        labels=order.labels,
        priority=order.priority,
        timeout_s=order.timeout_s,
        retries=order.retries,
        data=data,
        environment=order.environment,
        post_mortem_s=order.post_mortem_s,
    )
