"""Runs, events and endpoints for tests, made without a control plane."""

from datetime import UTC, datetime, timedelta
from typing import Any

from gristmill.core.wire import Event
from gristmill.endpoints.model import Endpoint, EndpointState, Observed, Tier, Variant, VariantStatus
from gristmill.runs.model import Attempt, Progress, Run, RunState

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_run(state: RunState = RunState.SUCCEEDED, **changes: Any) -> Run:
    run: dict[str, Any] = {
        "id": "run_1",
        "project_id": "default",
        "number": 41,
        "name": "train-41",
        "notebook": "train.ipynb",
        "snapshot": "snapshot_1",
        "parameters": {"depth": 4, "rate": 0.1},
        "given": ("depth",),
        "profile": "small",
        "kernel": "python3",
        "labels": {},
        "priority": 0,
        "timeout_s": None,
        "retries": 0,
        "state": state,
        "created_by": "ada",
        "created_at": NOON,
        "started_at": NOON + timedelta(seconds=1) if state is not RunState.QUEUED else None,
        "ended_at": NOON + timedelta(seconds=19) if state.final else None,
    }
    return Run(**{**run, **changes})


def an_attempt(**changes: Any) -> Attempt:
    attempt: dict[str, Any] = {
        "id": "attempt_1",
        "project_id": "default",
        "run_id": "run_1",
        "number": 1,
        "state": RunState.RUNNING,
        "created_at": NOON,
        "progress": Progress(cell=2, cells=3),
    }
    return Attempt(**{**attempt, **changes})


class Events:
    """Events of one run, numbered as they are made."""

    def __init__(self) -> None:
        self.seq = 0

    def __call__(self, kind: str, **data: Any) -> Event:
        self.seq += 1
        return Event(
            seq=self.seq,
            project_id="default",
            time=NOON + timedelta(seconds=self.seq),
            kind=kind,
            subject="run_1",
            data=data,
        )


def an_endpoint(observed: Observed | None = None, **changes: Any) -> Endpoint:
    endpoint: dict[str, Any] = {
        "id": "endpoint_1",
        "project_id": "default",
        "name": "churn",
        "target": "dev",
        "url": "http://127.0.0.1:4000",
        "port": 4000,
        "generation": 2,
        "open": False,
        "state": observed.state if observed else EndpointState.STARTING,
        "variants": (Variant(name="main", model="churn", version="3", artifact_path="1/m", profile="small"),),
        "created_by": "ada",
        "created_at": NOON,
        "updated_at": NOON,
        "observed": observed,
    }
    return Endpoint(**{**endpoint, **changes})


def seen(state: EndpointState = EndpointState.READY, generation: int = 2, **changes: Any) -> Observed:
    status = VariantStatus(
        name="main", model="churn", version="3", tier=Tier.NATIVE, load_s=0.9, answer=[[0.25, 0.75]], answer_ms=1.2
    )
    return Observed(**{"generation": generation, "state": state, "variants": (status,), **changes})
