"""The audit log: who did what. Each entry is chained to the one before by SHA-256: none can be changed alone."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import Tx, defer, flush, flushed_by, json_column, metadata, project_column, time_column
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
    for seq, row in enumerate(rows, start=first):
        entry = {"seq": seq, **row, "previous": previous}
        previous = _digest(entry)
        tx.execute(sa.insert(audit).values(**entry, digest=previous))


def entries(tx: Tx, *, project_id: str, after: int = 0, limit: int = 200) -> tuple[AuditEntry, ...]:
    flush(tx)
    query = sa.select(audit).where(audit.c.project_id == project_id, audit.c.seq > after)
    return tuple(AuditEntry(**row) for row in tx.execute(query.order_by(audit.c.seq).limit(limit)).mappings())


def verify(tx: Tx) -> AuditVerdict:
    """Recomputes the whole chain. A changed, removed or inserted entry shows; by the counter, a cut end too."""
    flush(tx)
    previous, seen = GENESIS, 0
    for row in tx.execute(sa.select(audit).order_by(audit.c.seq)).mappings():
        entry = dict(row)
        seen += 1
        if entry["seq"] != seen:
            return AuditVerdict(entries=seen, head=previous, broken_at=seen, reason=f"entry {seen} is missing")
        if entry["previous"] != previous:
            return AuditVerdict(
                entries=seen, head=previous, broken_at=seen, reason="it does not name the digest of the entry before"
            )
        if _digest(entry) != entry["digest"]:
            return AuditVerdict(
                entries=seen, head=previous, broken_at=seen, reason="its content does not match its digest"
            )
        previous = entry["digest"]
    counted = _counted(tx)
    if counted != seen:
        return AuditVerdict(entries=seen, head=previous, broken_at=seen + 1, reason=f"{counted} entries were written")
    return AuditVerdict(entries=seen, head=previous)


def _counted(tx: Tx) -> int:
    query = sa.select(counters.c.value).where(counters.c.project_id == SEQUENCE_OWNER, counters.c.name == "audit")
    return tx.scalar(query) or 0


def _digest(entry: dict[str, Any]) -> str:
    content = {key: value for key, value in entry.items() if key != "digest"}
    content["time"] = entry["time"].astimezone(UTC).isoformat()
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
