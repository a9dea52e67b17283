"""HTTP of interactive sessions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from gristmill.core.http import PROBLEMS, provide, requires
from gristmill.core.scopes import Actor, Scope
from gristmill.interactive.model import InteractiveRequest, InteractiveRun, InteractiveSession, StartedSession
from gristmill.interactive.service import InteractiveSessions

router = APIRouter(prefix="/api/interactive", tags=["interactive"], responses=PROBLEMS)

SessionsOf = Annotated[InteractiveSessions, Depends(provide(InteractiveSessions))]
Reader = Annotated[Actor, requires(Scope.READ)]
Writer = Annotated[Actor, requires(Scope.RUNS_WRITE)]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.post("", status_code=201, summary="Begin the session of an interactive kernel")
def start_interactive(request: InteractiveRequest, actor: Writer, sessions: SessionsOf) -> StartedSession:
    """A token with which a kernel writes to runs of its own in the notebook's experiment, and nowhere else."""
    return sessions.start(actor, request)


@router.get("", summary="Interactive sessions, newest first")
def list_interactive_sessions(actor: Reader, sessions: SessionsOf, limit: Limit = 50) -> list[InteractiveSession]:
    return list(sessions.list_sessions(actor, limit))


@router.get("/runs", summary="Runs that were made by hand, newest first")
def list_interactive_runs(actor: Reader, sessions: SessionsOf, limit: Limit = 50) -> list[InteractiveRun]:
    """Those of the 200 newest sessions, as MLflow has them."""
    return list(sessions.list_runs(actor, limit))


@router.post("/{session}/alive", summary="Say that a session's kernel lives")
def keep_interactive(session: str, actor: Writer, sessions: SessionsOf) -> InteractiveSession:
    """For kernels that log nothing for hours: whoever has started one says so now and then."""
    return sessions.keep(actor, session)


@router.delete("/{session}", summary="End a session: its kernel has ended")
def end_interactive(session: str, actor: Writer, sessions: SessionsOf) -> InteractiveSession:
    """Its token dies at once; runs that it left open in MLflow are ended soon after."""
    return sessions.end(actor, session)
