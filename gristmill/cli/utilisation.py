"""What a run used, on its page."""

from typing import TYPE_CHECKING, Any

from gristmill.cli.quantities import size
from gristmill.cli.tables import Cell
from gristmill.core.errors import NotFoundError
from gristmill.runs.model import Run, RunDetail
from gristmill.utilisation.model import Sizing, Utilisation

if TYPE_CHECKING:
    from gristmill.client.client import Client


def seen(client: "Client", run: Run) -> Utilisation | None:
    """None from a control plane of an earlier version, which was told nothing."""
    from gristmill.client import api

    try:
        return client.send(api.get_utilisation(run.id))
    except NotFoundError:
        return None


def used(utilisation: Utilisation | None) -> Cell:
    """What was used of what, and the profile that would do; nothing where nothing was seen."""
    if utilisation is None or not utilisation.points:
        return Cell("")
    advice = utilisation.advice
    if advice is not None:
        return Cell(advice.says, "yellow" if advice.sizing is Sizing.LARGER else None)
    last = utilisation.points[-1]
    return Cell(f"{size(last.memory)}, {last.cpu:.1f} cores; peak {size(utilisation.memory_peak)}")


def with_utilisation(detail: RunDetail, utilisation: Utilisation | None) -> dict[str, Any]:
    """The run as JSON, and what it used without the single points."""
    import msgspec

    told: dict[str, Any] = msgspec.to_builtins(detail)
    summary = None if utilisation is None else msgspec.to_builtins(utilisation)
    if summary is not None:
        del summary["points"]
    return {**told, "utilisation": summary}
