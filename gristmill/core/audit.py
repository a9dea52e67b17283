"""The audit log: who did what. Each entry is chained to the one before by SHA-256: none can be changed alone."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import (
    Tx,
    defer,
    flush,
    flushed_by,
    json_column,
    metadata,
    project_column,
    time_column,
)
from gristmill.core.errors import ConflictError
from gristmill.core.events import SEQUENCE_OWNER, counters, next_number
from gristmill.core.scopes import Actor
from gristmill.core.wire import AuditVerdict

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    project_column(),
    time_column("time", nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("action", sa.String(80), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    json_column("detail", nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
)

GENESIS = "0" * 64
_NOT_ITS_DIGEST = "its content does not match its digest"
_UNREADABLE = (ValueError, OverflowError, RecursionError)  # a time out of range; JSON that is nested without end


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    seq: int
    project_id: str
    time: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    previous: str
    digest: str


def record(
    tx: Tx, actor: Actor, *, time: datetime, action: str, subject: str, detail: dict[str, Any] | None = None
) -> None:
    """Adds one entry in the caller's transaction: what was done and its entry are stored together or not at all."""
    entry = {
        "project_id": actor.project_id,
        "time": time,
        "actor": f"{actor.kind}:{actor.name}",
        "action": action,
        "subject": subject,
        "detail": detail or {},
    }
    defer(tx, "audit", entry)


@flushed_by("audit")
def _write(tx: Tx, rows: list[dict[str, Any]]) -> None:
    first = next_number(tx, SEQUENCE_OWNER, "audit", by=len(rows)) - len(rows) + 1  # locks the chain's end
    previous = tx.scalar(sa.select(audit.c.digest).order_by(audit.c.seq.desc()).limit(1)) or GENESIS
    chained = []
    for seq, row in enumerate(rows, start=first):
        entry = {"seq": seq, **row, "previous": previous}
        previous = _digest(entry)
        chained.append({**entry, "digest": previous})
    tx.execute(sa.insert(audit), chained)


def entries(tx: Tx, *, project_id: str, after: int = 0, limit: int = 200) -> tuple[AuditEntry, ...]:
    """Raises ConflictError at an entry that was tampered with until it cannot be read."""
    flush(tx)
    query = sa.select(*_stored(tx)).where(audit.c.project_id == project_id, audit.c.seq > after)
    return tuple(_entry(row) for row in tx.execute(query.order_by(audit.c.seq).limit(limit)).mappings())


def verify(tx: Tx) -> AuditVerdict:
    """Recomputes the whole chain. A changed, removed or inserted entry shows; by the counter, a cut end too."""
    flush(tx)
    previous, seen = GENESIS, 0
    for row in tx.execute(sa.select(*_stored(tx)).order_by(audit.c.seq)).mappings():
        seen += 1
        if reason := _broken(row, seen, previous):
            return AuditVerdict(entries=seen, head=previous, broken_at=seen, reason=reason)
        previous = _text(row["digest"])
    counted = _counted(tx)
    if counted != seen:
        return AuditVerdict(entries=seen, head=previous, broken_at=seen + 1, reason=f"{counted} entries were written")
    return AuditVerdict(entries=seen, head=previous)


def _broken(row: sa.RowMapping, number: int, previous: str) -> str | None:
    if row["seq"] != number:
        return f"entry {number} is missing"
    try:
        entry = _decoded(row)
    except _UNREADABLE:
        return _NOT_ITS_DIGEST
    if entry["previous"] != previous:
        return "it does not name the digest of the entry before"
    return None if _digest(entry) == entry["digest"] else _NOT_ITS_DIGEST


def _stored(tx: Tx) -> list[sa.ColumnElement[Any]]:
    """The columns as they are stored, so that the database's driver reads whatever somebody has written there."""
    raw = sa.LargeBinary() if tx.dialect.name == "sqlite" else sa.Text()
    return [audit.c.seq, *(sa.cast(column, raw).label(column.name) for column in audit.c if column is not audit.c.seq)]


def _decoded(row: sa.RowMapping) -> dict[str, Any]:
    """Raises one of `_UNREADABLE` for what is no text, no time or no JSON."""
    entry = {name: _text(value) for name, value in row.items()}
    time = datetime.fromisoformat(entry["time"])
    entry["time"] = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    entry["detail"] = json.loads(entry["detail"])
    return entry


def _text(stored: Any) -> Any:
    return stored.decode() if isinstance(stored, bytes) else stored


def _entry(row: sa.RowMapping) -> AuditEntry:
    number = row["seq"]
    try:
        entry = AuditEntry(**_decoded(row))
        readable = isinstance(entry.detail, dict)
    except _UNREADABLE:
        readable = False
    if not readable:
        raise ConflictError(
            f"entry {number} of the audit log cannot be read: it was changed in the database",
            hint=f"`gristmill audit verify` says where the log breaks; what follows is listed after={number}.",
        )
    return entry


def _counted(tx: Tx) -> int:
    query = sa.select(counters.c.value).where(counters.c.project_id == SEQUENCE_OWNER, counters.c.name == "audit")
    return tx.scalar(query) or 0


def _digest(entry: dict[str, Any]) -> str:
    content = {key: value for key, value in entry.items() if key != "digest"}
    content["time"] = entry["time"].astimezone(UTC).isoformat()
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
