"""HTTP of the control plane itself."""

import os
from typing import Annotated

import psutil
from fastapi import APIRouter, Depends, Query

from gristmill import __version__
from gristmill.core import audit, tokens
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.http import PROBLEMS, provide, requires
from gristmill.core.lease import Leadership
from gristmill.core.scopes import Actor, Scope
from gristmill.core.settings import Ground, Settings
from gristmill.core.wire import (
    FINGERPRINT_LENGTH,
    AuditVerdict,
    Collection,
    CollectionRequest,
    InstanceProof,
    ServerStatus,
)
from gristmill.endpoints import service as endpoints
from gristmill.runs import kernels
from gristmill.runs import service as runs
from gristmill.server.collector import Collector
from gristmill.server.identity import Identity
from gristmill.server.shutdown import Shutdown
from gristmill.tracking.server import MlflowServer

router = APIRouter(prefix="/api", tags=["server"], responses=PROBLEMS)

DatabaseOf = Annotated[Database, Depends(provide(Database))]
CollectorOf = Annotated[Collector, Depends(provide(Collector))]
IdentityOf = Annotated[Identity, Depends(provide(Identity))]


def read_status(
    actor: Annotated[Actor, requires(Scope.READ)],
    db: DatabaseOf,
    identity: IdentityOf,
    settings: Annotated[Settings, Depends(provide(Settings))],
    leader: Annotated[Leadership, Depends(provide(Leadership))],
    mlflow: Annotated[MlflowServer, Depends(provide(MlflowServer))],
) -> ServerStatus:
    with db.read() as tx:
        names = [run.name for run in runs.alive(tx, actor)]
        kept = [kernel.name for kernel in kernels.kept(tx, actor)]
        serving = [endpoint.name for endpoint in endpoints.list_endpoints(tx, actor)]
    state = mlflow.state
    return ServerStatus(
        version=__version__,
        instance=identity.instance,
        pid=os.getpid(),
        url=identity.url,
        home=str(settings.home),
        started_at=identity.started_at,
        resident=psutil.Process().memory_info().rss,
        leading=leader.leading,
        tracking=state.health.value,
        tracking_reason=state.reason,
        tracking_server=mlflow.name,
        tracking_version=state.version,
        tracking_notice=state.notice,
        unisolated=settings.hub_api_url is not None and settings.ground is Ground.LOCAL,
        runs=tuple(names),
        kernels=tuple(kept),
        endpoints=tuple(serving),
    )


StatusOf = Annotated[ServerStatus, Depends(read_status)]


@router.get("/instance", summary="Prove who this control plane is")
def prove_instance(
    identity: IdentityOf,
    db: DatabaseOf,
    challenge: Annotated[str, Query(min_length=16, max_length=128, pattern="^[0-9a-f]+$")],
    fingerprint: Annotated[
        str | None,
        Query(
            min_length=FINGERPRINT_LENGTH,
            max_length=FINGERPRINT_LENGTH,
            pattern="^[0-9a-f]+$",
            description="The first digits of the SHA-256 of a token, for a proof under that token's hash",
        ),
    ] = None,
) -> InstanceProof:
    """The only route without a token: a client asks it before it sends one."""
    token_proof = None
    if fingerprint is not None:
        with db.read() as tx:
            token_proof = tokens.prove(tx, fingerprint, f"{challenge} {identity.url}")
    return InstanceProof(
        instance=identity.instance, version=__version__, proof=identity.prove(challenge), token_proof=token_proof
    )


@router.get("/server", summary="How the control plane is")
def get_status(actor: Annotated[Actor, requires(Scope.READ)], status: StatusOf) -> ServerStatus:
    del actor
    return status


@router.post("/server/stop", summary="Stop the control plane")
def stop(
    actor: Annotated[Actor, requires(Scope.ADMIN)],
    status: StatusOf,
    shutdown: Annotated[Shutdown, Depends(provide(Shutdown))],
    everything: Annotated[bool, Query(description="Runs, endpoints and MLflow too")] = False,  # noqa: FBT002  # a query
) -> ServerStatus:
    """Answers what was up; then stops. Without `everything`, runs and endpoints go on and are adopted later."""
    shutdown.begin(actor, everything=everything)
    return status


@router.post("/collection", status_code=202, summary="Remove what nothing refers to")
def begin_collection(
    request: CollectionRequest,
    actor: Annotated[Actor, requires(Scope.ADMIN)],
    collector: CollectorOf,
    db: DatabaseOf,
    clock: Annotated[Clock, Depends(provide(Clock))],
) -> Collection:
    """Begins a round, or joins the one that is under way; `GET` says how it goes."""
    begun = collector.begin(dry_run=request.dry_run)
    with db.write() as tx:
        detail = {"dry_run": begun.dry_run}
        audit.record(tx, actor, time=clock.now(), action="collection.begin", subject="blobs", detail=detail)
    return begun


@router.get("/collection", summary="What the garbage collection that runs, or ran last, has removed")
def get_collection(actor: Annotated[Actor, requires(Scope.READ)], collector: CollectorOf) -> Collection:
    del actor
    return collector.state


@router.get("/audit/verify", summary="Verify the audit log's chain", tags=["audit"])
def verify_audit(actor: Annotated[Actor, requires(Scope.ADMIN)], db: DatabaseOf) -> AuditVerdict:
    del actor
    with db.read() as tx:
        return audit.verify(tx)


@router.get("/audit", summary="Entries of the audit log, oldest first", tags=["audit"])
def list_audit(
    actor: Annotated[Actor, requires(Scope.ADMIN)],
    db: DatabaseOf,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[audit.AuditEntry]:
    with db.read() as tx:
        return list(audit.entries(tx, project_id=actor.project_id, after=after, limit=limit))
