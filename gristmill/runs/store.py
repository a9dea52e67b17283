"""Rows of runs, attempts, metrics and outputs."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from gristmill.core.database import NAMES_BLOBS, Tx, insert_row, json_column, metadata, project_column, time_column
from gristmill.data_roots.model import DataBinding
from gristmill.environments.model import RunEnvironment
from gristmill.runs.model import Attempt, KeptKernel, LoggedModel, Metric, Output, Progress, Run, RunFault, RunState
from gristmill.secrets.model import SecretGrant

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    project_column(),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("notebook", sa.String(1000), nullable=False),
    sa.Column("snapshot", sa.String(40), sa.ForeignKey("snapshots.id"), nullable=False),
    json_column("parameters", nullable=False),
    json_column("given", nullable=False),
    sa.Column("profile", sa.String(80), nullable=False),
    sa.Column("kernel", sa.String(200), nullable=False),
    json_column("secrets"),
    json_column("labels", nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("timeout_s", sa.Float),
    sa.Column("retries", sa.Integer, nullable=False),
    sa.Column("post_mortem_s", sa.Float),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, default=False),
    sa.Column("start_anyway", sa.Boolean, nullable=False, default=False),
    sa.Column("waiting", sa.Text),
    json_column("models"),
    json_column("fault"),
    json_column("data"),
    json_column("environment", info=NAMES_BLOBS),
    sa.Column("commit", sa.String(64)),
    sa.Column("text", sa.Text),  # what is searched: name, notebook and labels, in lower case
    sa.Column("seconds", sa.Float),  # how long it took, once it is over
    sa.Column("created_by", sa.String(200), nullable=False),
    time_column("created_at", nullable=False),
    time_column("started_at"),
    time_column("ended_at"),
    sa.UniqueConstraint("project_id", "number"),
    sa.Index("ix_runs_state", "state", "priority", "number"),
    sa.Index("ix_runs_project_state", "project_id", "state", "number"),
    sa.Index("ix_runs_project_notebook", "project_id", "notebook", "number"),
    sa.Index("ix_runs_project_name", "project_id", "name", "number"),
    sa.Index("ix_runs_project_commit", "project_id", "commit", "number"),
    sa.Index("ix_runs_project_seconds", "project_id", "seconds", "number"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    project_column(),
    sa.Column("run_id", sa.String(40), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("nonce", sa.String(80)),
    sa.Column("launches", sa.Integer, nullable=False, default=0),
    sa.Column("tracking_run", sa.String(64)),
    sa.Column("tracking_experiment", sa.String(64)),
    sa.Column("tracking_server", sa.String(500)),  # the URL of an MLflow server that is not our own
    sa.Column("waiting", sa.Text),
    json_column("progress"),
    sa.Column("executed_notebook", sa.String(71), info=NAMES_BLOBS),
    json_column("fault"),
    json_column("provenance"),
    json_column("kept_kernel"),
    time_column("created_at", nullable=False),
    time_column("launched_at"),
    time_column("claimed_at"),
    time_column("started_at"),
    time_column("ended_at"),
    time_column("closed_at", index=True),  # nothing of it lives any more, and its reservation is free
    sa.UniqueConstraint("run_id", "number"),
)

metrics = sa.Table(
    "run_metrics",
    metadata,
    project_column(),
    sa.Column("run_id", sa.String(40), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.String(250), nullable=False),
    sa.Column("value", sa.Float, nullable=False),
    sa.Column("spread", sa.Float),
    sa.Column("count", sa.Integer),
    sa.Column("step", sa.BigInteger),
    sa.Column("place", sa.Integer),  # in the order of the first report
    sa.PrimaryKeyConstraint("run_id", "name"),
    sa.Index("ix_run_metrics_value", "project_id", "name", "value", "run_id"),
)

outputs = sa.Table(
    "outputs",
    metadata,
    project_column(),
    sa.Column("attempt_id", sa.String(40), sa.ForeignKey("attempts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.String(1000), nullable=False),
    sa.Column("digest", sa.String(71), nullable=False, info=NAMES_BLOBS),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text),
    sa.PrimaryKeyConstraint("attempt_id", "name"),
)

_RUN_COLUMNS = [column for column in runs.c if column.name not in {"start_anyway", "text", "seconds"}]
_ATTEMPT_FIELDS = (
    "id",
    "project_id",
    "run_id",
    "number",
    "created_at",
    "claimed_at",
    "started_at",
    "ended_at",
    "tracking_run",
    "tracking_server",
    "waiting",
    "executed_notebook",
)
_WITHOUT_PROVENANCE = [column for column in attempts.c if column.name != "provenance"]
# Asked with every event; to build such a statement takes as long as to execute it.
_ATTEMPT = sa.select(attempts).where(attempts.c.id == sa.bindparam("attempt"))
_RUN_OF_ATTEMPT = (
    sa.select(runs)
    .where(runs.c.id == sa.select(attempts.c.run_id).where(attempts.c.id == sa.bindparam("attempt")).scalar_subquery())
    .with_for_update()
)


def insert_run(tx: Tx, run: Run, text: str) -> None:
    """`text` is what it is found by."""
    values: dict[str, Any] = {column.name: getattr(run, column.name) for column in _RUN_COLUMNS}
    values["secrets"] = msgspec.to_builtins(run.secrets)
    values.update(state=run.state.value, given=list(run.given), models=[], fault=None, created_at=run.created_at)
    values["data"] = msgspec.to_builtins(run.data)
    values["environment"] = msgspec.to_builtins(run.environment)
    values["text"] = text
    insert_row(tx, runs, **values)


def update_run(tx: Tx, run_id: str, **values: Any) -> None:
    tx.execute(sa.update(runs).where(runs.c.id == run_id).values(**_plain(values)))


def end_of(tx: Tx, run_id: str, now: datetime) -> tuple[datetime, float | None]:
    """When the run that ends now has ended, and after how many seconds; None where it never began.

    The clock may have been set back since: nothing ends before it began.
    """
    began = tx.scalar(sa.select(runs.c.started_at).where(runs.c.id == run_id))
    if began is None:
        return now, None
    ended = max(now, began)
    return ended, float((ended - began).total_seconds())


def end_of_attempt(now: datetime) -> sa.ColumnElement[datetime]:
    """As `end_of`, for `update_attempt`."""
    began = attempts.c.started_at
    return sa.case((began > now, began), else_=sa.literal(now, began.type))


def insert_attempt(tx: Tx, attempt: Attempt) -> None:
    insert_row(
        tx,
        attempts,
        id=attempt.id,
        project_id=attempt.project_id,
        run_id=attempt.run_id,
        number=attempt.number,
        state=attempt.state.value,
        created_at=attempt.created_at,
    )


def update_attempt(tx: Tx, attempt_id: str, **values: Any) -> None:
    tx.execute(sa.update(attempts).where(attempts.c.id == attempt_id).values(**_plain(values)))


def claim(tx: Tx, attempt_id: str, nonce: str, now: datetime) -> bool:
    """The one compare-and-set that lets an attempt happen at most once; True for the winner, also when asked again."""
    took = tx.execute(
        sa.update(attempts)
        .where(
            attempts.c.id == attempt_id,
            attempts.c.nonce.is_(None),
            attempts.c.state == RunState.STARTING.value,
            attempts.c.closed_at.is_(None),
        )
        .values(nonce=nonce, claimed_at=now)
    )
    if took.rowcount == 1:
        return True
    return tx.scalar(sa.select(attempts.c.nonce).where(attempts.c.id == attempt_id)) == nonce


def put_metrics(tx: Tx, run: Run, values: dict[str, Metric]) -> None:
    """The last value counts, and the place of the first."""
    taken = tx.scalar(sa.select(sa.func.max(metrics.c.place)).where(metrics.c.run_id == run.id)) or 0
    for place, (name, metric) in enumerate(values.items(), start=taken + 1):
        row = msgspec.to_builtins(metric)
        changed = tx.execute(sa.update(metrics).where(metrics.c.run_id == run.id, metrics.c.name == name).values(**row))
        if changed.rowcount == 0:
            row.update(project_id=run.project_id, run_id=run.id, name=name, place=place)
            insert_row(tx, metrics, **row)


def clear_metrics(tx: Tx, run_id: str) -> None:
    """Another attempt begins: what the last one measured is in its events and its own MLflow run."""
    tx.execute(sa.delete(metrics).where(metrics.c.run_id == run_id))


def put_output(tx: Tx, attempt: Attempt, output: Output) -> None:
    where = (outputs.c.attempt_id == attempt.id, outputs.c.name == output.name)
    row = asdict(output)
    if tx.execute(sa.update(outputs).where(*where).values(**row)).rowcount == 0:
        insert_row(tx, outputs, project_id=attempt.project_id, attempt_id=attempt.id, **row)


def find_run(tx: Tx, project_id: str, key: str, *, lock: bool = False) -> Run | None:
    """By id, by number, or the newest with this name; locked for who changes it or its attempts."""
    query = sa.select(runs).where(runs.c.project_id == project_id)
    query = query.with_for_update() if lock else query
    if key.isdecimal() and len(key) < 18:
        query = query.where(runs.c.number == int(key))
    else:
        # An id names its own run, whatever another one is called.
        named = sa.or_(runs.c.id == key, runs.c.name == key)
        query = query.where(named).order_by((runs.c.id == key).desc(), runs.c.number.desc())
    found = load_runs(tx, query.limit(1))
    return found[0] if found else None


def get_run(tx: Tx, run_id: str, *, lock: bool = False) -> Run:
    """Locked, it and its attempts are nobody else's to change before `tx` ends."""
    query = sa.select(runs).where(runs.c.id == run_id)
    return load_runs(tx, query.with_for_update() if lock else query)[0]


def brief_run(tx: Tx, run_id: str, *, lock: bool = False) -> Run:
    """As `get_run`, without its metrics and its attempt: one query."""
    query = sa.select(runs).where(runs.c.id == run_id)
    return brief_runs(tx, query.with_for_update() if lock else query)[0]


def brief_runs(tx: Tx, query: sa.Select[Any]) -> list[Run]:
    """The runs of a query on `runs`, each as `brief_run` has it."""
    return [_run(row, {}, None) for row in tx.execute(query).mappings()]


def lock_run_of(tx: Tx, attempt_id: str) -> Run | None:
    """As `brief_run`, of this attempt, and locked. What is read of the attempt from here on nobody else changes."""
    found = tx.execute(_RUN_OF_ATTEMPT, {"attempt": attempt_id}).mappings().one_or_none()
    return None if found is None else _run(found, {}, None)


def lock_runs(tx: Tx, *where: sa.ColumnElement[bool]) -> list[Run]:
    """Several runs at once are locked in the order of their numbers."""
    query = sa.select(runs).where(*where).order_by(runs.c.project_id, runs.c.number)
    return load_runs(tx, query.with_for_update())


def load_runs(tx: Tx, query: sa.Select[Any]) -> list[Run]:
    """The runs of a query on `runs`, with metrics and last attempts: three queries however many runs.

    The attempts come without their provenance, which is long: `load_attempts` has it.
    """
    rows = tx.execute(query).mappings().all()
    ids = [row["id"] for row in rows]
    measured = _metrics_of(tx, ids)
    brief = sa.select(*_WITHOUT_PROVENANCE).where(attempts.c.run_id.in_(ids)).order_by(attempts.c.number)
    last = {row["run_id"]: row for row in tx.execute(brief).mappings()} if ids else {}
    found = {run_id: _attempt(row) for run_id, row in last.items()}
    return [_run(row, measured.get(row["id"], {}), found.get(row["id"])) for row in rows]


def load_attempts(tx: Tx, *where: sa.ColumnElement[bool]) -> list[Attempt]:
    query = sa.select(attempts).where(*where).order_by(attempts.c.run_id, attempts.c.number)
    return [_attempt(row) for row in tx.execute(query).mappings()]


def find_attempt(tx: Tx, attempt_id: str) -> Attempt | None:
    found = tx.execute(_ATTEMPT, {"attempt": attempt_id}).mappings().one_or_none()
    return None if found is None else _attempt(found)


def tracked_run(tx: Tx, attempt_id: str) -> tuple[str, str] | None:
    """The attempt's MLflow run and experiment."""
    query = sa.select(attempts.c.tracking_run, attempts.c.tracking_experiment).where(attempts.c.id == attempt_id)
    row = tx.execute(query).one_or_none()
    return None if row is None or row.tracking_run is None else (row.tracking_run, row.tracking_experiment)


def load_outputs(tx: Tx, attempt_ids: Iterable[str]) -> list[Output]:
    query = sa.select(outputs).where(outputs.c.attempt_id.in_(list(attempt_ids))).order_by(outputs.c.name)
    columns = ("name", "digest", "size", "declared", "description")
    return [Output(**{name: row[name] for name in columns}) for row in tx.execute(query).mappings()]


def last_number(tx: Tx, run_id: str) -> int:
    """Of the run's attempts; 0 before the first."""
    return tx.scalar(sa.select(sa.func.max(attempts.c.number)).where(attempts.c.run_id == run_id)) or 0


def starts_anyway(tx: Tx, run_id: str) -> bool:
    """Whether the run is to begin although the machine is full."""
    return bool(tx.scalar(sa.select(runs.c.start_anyway).where(runs.c.id == run_id)))


def launches(tx: Tx, attempt_id: str) -> int:
    """How often a worker was started for the attempt."""
    return tx.scalar(sa.select(attempts.c.launches).where(attempts.c.id == attempt_id)) or 0


def count_unfinished(tx: Tx, project_id: str) -> int:
    query = sa.select(sa.func.count()).where(runs.c.project_id == project_id, runs.c.state == RunState.QUEUED.value)
    return tx.scalar(query) or 0


def _metrics_of(tx: Tx, run_ids: list[str]) -> dict[str, dict[str, Metric]]:
    found: dict[str, dict[str, Metric]] = {}
    if run_ids:
        query = sa.select(metrics).where(metrics.c.run_id.in_(run_ids)).order_by(metrics.c.place, metrics.c.name)
        for row in tx.execute(query).mappings():
            metric = Metric(**{name: row[name] for name in ("value", "spread", "count", "step")})
            found.setdefault(row["run_id"], {})[row["name"]] = metric
    return found


def _run(row: sa.RowMapping, measured: dict[str, Metric], attempt: Attempt | None) -> Run:
    values: dict[str, Any] = {column.name: row[column.name] for column in _RUN_COLUMNS}
    values["state"] = RunState(row["state"])
    values["given"] = tuple(row["given"])
    values["secrets"] = msgspec.convert(row["secrets"] or (), tuple[SecretGrant, ...])
    values["models"] = tuple(LoggedModel(**model) for model in row["models"] or ())
    values["fault"] = msgspec.convert(row["fault"], RunFault | None)
    values["data"] = msgspec.convert(row["data"] or (), tuple[DataBinding, ...])
    values["environment"] = msgspec.convert(row["environment"], RunEnvironment | None)
    return Run(**values, metrics=measured, attempt=attempt)


def _attempt(row: sa.RowMapping) -> Attempt:
    return Attempt(
        **{name: row[name] for name in _ATTEMPT_FIELDS},
        state=RunState(row["state"]),
        progress=msgspec.convert(row["progress"] or {}, Progress),
        fault=msgspec.convert(row["fault"], RunFault | None),
        provenance=row.get("provenance") or {},
        kept_kernel=msgspec.convert(row["kept_kernel"], KeptKernel | None),
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Times and expressions stay as they are; dataclasses and enumerations become JSON."""
    kept = (datetime, sa.ColumnElement)
    return {name: value if isinstance(value, kept) else msgspec.to_builtins(value) for name, value in values.items()}
