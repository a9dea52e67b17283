"""Actors and tokens as rows. A token is opaque; only its SHA-256 is stored."""

import hashlib
import hmac
import secrets
from datetime import datetime

import sqlalchemy as sa

from gristmill.core.database import Tx, insert_row, json_column, metadata, project_column, time_column, upsert
from gristmill.core.errors import UnauthenticatedError
from gristmill.core.ids import new_id
from gristmill.core.scopes import Actor, ActorKind, Scope

LONGEST_NAME = 200
_PREFIX = "gm_"

actors = sa.Table(
    "actors",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    project_column(),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.String(LONGEST_NAME), nullable=False),
    time_column("created_at", nullable=False),
    sa.UniqueConstraint("project_id", "kind", "name"),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    project_column(),
    sa.Column("actor_id", sa.String(40), sa.ForeignKey("actors.id"), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    json_column("scopes", nullable=False),
    sa.Column("subject", sa.String(80), index=True),
    time_column("created_at", nullable=False),
    time_column("expires_at"),
    time_column("revoked_at"),
)


def is_own(token: str) -> bool:
    """Whether it looks like one that Gristmill has issued."""
    return token.startswith(_PREFIX)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find_or_create_actor(tx: Tx, *, project_id: str, kind: ActorKind, name: str, now: datetime) -> str:
    """The actor's id; nobody forgets it while this transaction goes on."""
    query = sa.select(actors.c.id).where(
        actors.c.project_id == project_id, actors.c.kind == kind.value, actors.c.name == name
    )
    query = query.with_for_update(read=True, key_share=True)
    row = {"id": new_id("actor", now), "project_id": project_id, "kind": kind.value, "name": name, "created_at": now}
    # Most are new: each attempt has two of its own.
    make = upsert(tx.dialect.name, actors).on_conflict_do_nothing().values(row).returning(actors.c.id)
    while (found := tx.scalar(make)) is None and (found := tx.scalar(query)) is None:
        pass  # it was there, and was forgotten before it could be held
    return str(found)


def issue(
    tx: Tx,
    *,
    project_id: str,
    kind: ActorKind,
    name: str,
    scopes: frozenset[Scope],
    now: datetime,
    subject: str | None = None,
    expires_at: datetime | None = None,
) -> str:
    """A new token's text, which is shown this once."""
    token = f"{_PREFIX}{kind.value[0]}_{secrets.token_urlsafe(32)}"
    actor_id = find_or_create_actor(tx, project_id=project_id, kind=kind, name=name, now=now)
    insert_row(
        tx,
        tokens,
        id=new_id("token", now),
        project_id=project_id,
        actor_id=actor_id,
        hash=token_hash(token),
        scopes=sorted(scope.value for scope in scopes),
        subject=subject,
        created_at=now,
        expires_at=expires_at,
    )
    return token


def authenticate(tx: Tx, token: str, now: datetime) -> Actor:
    """The actor that this token speaks for.

    Raises:
        UnauthenticatedError: unknown, revoked or expired; it is not said which, but to who was bound to something that
            is over.
    """
    query = (
        sa.select(
            tokens.c.scopes,
            tokens.c.subject,
            tokens.c.expires_at,
            tokens.c.revoked_at,
            actors.c.id,
            actors.c.project_id,
            actors.c.kind,
            actors.c.name,
        )
        .join(actors, actors.c.id == tokens.c.actor_id)
        .where(tokens.c.hash == token_hash(token))
    )
    row = tx.execute(query).one_or_none()
    if row is not None and row.revoked_at is not None and row.subject is not None:
        raise UnauthenticatedError(
            f"what this token was for is over: {row.name}",
            hint="A kernel that is kept after its run has failed logs no more: the run's record is that of its end. "
            "Run the fixed notebook.",
        )
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise UnauthenticatedError(
            "the token is not valid: it is unknown, expired or revoked",
            hint="Without GRISTMILL_TOKEN, commands take the local control plane's own token.",
        )
    return Actor(
        id=row.id,
        project_id=row.project_id,
        kind=ActorKind(row.kind),
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        subject=row.subject,
    )


def prove(tx: Tx, fingerprint: str, message: str) -> str | None:
    """The HMAC-SHA-256 of `message` under the hash that begins with `fingerprint`; None where no token has it.

    A revoked token's too: who holds it is to be told so, and not to take this control plane for a stranger.
    """
    after = f"{fingerprint}g"  # behind every hash that begins so: they are hex
    found = tx.scalar(sa.select(tokens.c.hash).where(tokens.c.hash >= fingerprint, tokens.c.hash < after).limit(1))
    return None if found is None else hmac.new(str(found).encode(), message.encode(), hashlib.sha256).hexdigest()


def revoke_subject(tx: Tx, subject: str, now: datetime, *, kind: ActorKind | None = None) -> None:
    """Every token bound to this attempt or endpoint dies; with `kind` those of such actors only."""
    where = [tokens.c.subject == subject, tokens.c.revoked_at.is_(None)]
    if kind is not None:
        where.append(tokens.c.actor_id.in_(sa.select(actors.c.id).where(actors.c.kind == kind.value)))
    tx.execute(sa.update(tokens).where(*where).values(revoked_at=now))


def forget(tx: Tx, before: datetime, limit: int) -> int:
    """Removes tokens that were revoked or had expired before then, and who nobody can be any more; how many."""
    over = sa.or_(tokens.c.revoked_at < before, tokens.c.expires_at < before)
    ids = list(tx.scalars(sa.select(tokens.c.id).where(over).order_by(tokens.c.id).limit(limit)))
    theirs = set(tx.scalars(sa.select(tokens.c.actor_id).where(tokens.c.id.in_(ids))))
    tx.execute(sa.delete(tokens).where(tokens.c.id.in_(ids)))
    made = actors.c.kind.in_([kind.value for kind in _MADE_FOR_ONE_TASK])
    # Who is being given a token just now is locked, and passed over; who has been given one is seen after the locking.
    alone = sa.select(actors.c.id).where(actors.c.id.in_(theirs), made).with_for_update(skip_locked=True)
    locked = set(tx.scalars(alone))
    still = sa.select(tokens.c.actor_id).where(tokens.c.actor_id.in_(locked))
    tx.execute(sa.delete(actors).where(actors.c.id.in_(locked), actors.c.id.not_in(still)))
    return len(ids)


_MADE_FOR_ONE_TASK = (ActorKind.WORKER, ActorKind.KERNEL, ActorKind.SUPERVISOR)
