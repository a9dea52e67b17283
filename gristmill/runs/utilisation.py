"""What a run used, as its last attempt's worker has told."""

import msgspec

from gristmill.core.database import Tx
from gristmill.core.scopes import Actor
from gristmill.profiles.model import Catalogue
from gristmill.runs import service
from gristmill.runs.model import Attempt, FaultKind, RunFault, RunState, WorkerEvent
from gristmill.utilisation import service as utilisation
from gristmill.utilisation.model import Utilisation, UtilisationPoint

# What the worker says of a kernel that the system has killed for want of memory.
MEMORY_RAN_OUT = "memory ran out"


def take(tx: Tx, attempt: Attempt, event: WorkerEvent) -> None:
    points = msgspec.convert(event.data["points"], tuple[UtilisationPoint, ...])
    utilisation.take(tx, project_id=attempt.project_id, attempt=attempt.id, points=points)


def of_run(tx: Tx, actor: Actor, key: str, catalogue: Catalogue) -> Utilisation:
    """Of its last attempt; with advice once the run is over."""
    run = service.find(tx, actor, key)
    return utilisation.describe(
        tx,
        catalogue,
        run=run.id,
        attempt=run.attempt.id if run.attempt else None,
        profile=run.profile,
        over=run.state.final,
        succeeded=run.state is RunState.SUCCEEDED,
        out_of_memory=ran_out_of_memory(run.fault),
    )


def ran_out_of_memory(fault: RunFault | None) -> bool:
    return fault is not None and fault.kind is FaultKind.KERNEL_DIED and MEMORY_RAN_OUT in fault.message
