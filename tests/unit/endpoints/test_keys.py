"""API keys: issued, listed without being shown, revoked."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from gristmill.core import audit
from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from gristmill.core.events import read_after
from gristmill.core.scopes import SUPERVISOR_SCOPES, Actor, ActorKind, Scope
from gristmill.endpoints import keys, service, store
from gristmill.endpoints.model import Endpoint, EndpointKey, EndpointState, KeyRequest, Variant, key_hash
from gristmill.profiles.model import Catalogue, Profile, Resources
from tests.unit.conftest import TestClock

SMALL = Profile(name="small", resources=Resources(cpu=1, memory=2**30), default=True)
CATALOGUE = Catalogue(profiles=(SMALL,), capacity=Resources(cpu=2, memory=2**31), source="test")


@pytest.fixture
def endpoint(db: Database, clock: TestClock) -> Endpoint:
    variant = Variant(name="main", model="churn", version="1", artifact_path="1/m", profile="small")
    made = Endpoint(
        id="endpoint_1",
        project_id="default",
        name="churn",
        target="dev",
        url="",
        port=1,
        generation=1,
        open=False,
        state=EndpointState.STARTING,
        variants=(variant,),
        created_by="ada",
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    with db.write() as tx:
        store.insert(tx, made)
    return made


@pytest.fixture
def tx(db: Database, endpoint: Endpoint) -> Iterator[sa.Connection]:
    """With the endpoint in it."""
    del endpoint
    with db.write() as tx:
        yield tx


def issue(tx: sa.Connection, person: Actor, clock: TestClock, name: str | None = None) -> EndpointKey:
    clock.advance(1)
    return keys.issue(tx, person, "churn", KeyRequest(name=name), clock)


def pulled(tx: sa.Connection) -> tuple[int, tuple[str, ...]]:
    """Generation and key hashes, as the supervisor is told them."""
    supervisor = Actor(
        id="a",
        project_id="default",
        kind=ActorKind.SUPERVISOR,
        name="s",
        scopes=SUPERVISOR_SCOPES,
        subject="endpoint_1",
    )
    desired = service.desired(tx, supervisor, "churn", CATALOGUE)
    return desired.generation, desired.key_hashes


def test_keys_are_listed_and_never_shown(tx: sa.Connection, person: Actor, clock: TestClock) -> None:
    first, second = issue(tx, person, clock, "dashboard"), issue(tx, person, clock)
    listed = keys.list_keys(tx, person, "churn")
    assert [(one.id, one.name, one.created_by) for one in listed] == [
        (first.id, "dashboard", "ada"),
        (second.id, None, "ada"),
    ]
    assert first.key not in repr(listed)
    assert key_hash(first.key) not in repr(listed)
    assert first.key not in repr(first)


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_revoked_key_is_gone_from_what_the_endpoint_pulls(
    tx: sa.Connection, person: Actor, clock: TestClock, by: str
) -> None:
    kept, revoked = issue(tx, person, clock), issue(tx, person, clock, "leaked")
    before, hashes = pulled(tx)
    assert set(hashes) == {key_hash(kept.key), key_hash(revoked.key)}
    changed = keys.revoke(tx, person, "churn", revoked.id if by == "id" else "leaked", clock)
    assert pulled(tx) == (before + 1, (key_hash(kept.key),))
    assert changed.generation == before + 1
    assert [one.id for one in keys.list_keys(tx, person, "churn")] == [kept.id]
    with pytest.raises(NotFoundError, match="no key"):
        keys.revoke(tx, person, "churn", revoked.id, clock)


def test_revoking_is_in_the_audit_log_and_an_event(
    db: Database, endpoint: Endpoint, person: Actor, clock: TestClock
) -> None:
    with db.write() as tx:
        issued = issue(tx, person, clock, "leaked")
        keys.revoke(tx, person, endpoint.name, "leaked", clock)
    with db.read() as tx:
        rows = tx.execute(sa.select(audit.audit).order_by(audit.audit.c.seq)).all()
        kinds = [event.kind for event in read_after(tx, project_id="default", after=0).events]
    assert [row.action for row in rows] == ["endpoint.issue_key", "endpoint.revoke_key"]
    assert rows[1].detail == {"key": issued.id, "name": "leaked"}
    assert kinds == ["endpoint.key_issued", "endpoint.key_revoked"]


def test_a_name_is_had_once_and_is_printable(tx: sa.Connection, person: Actor, clock: TestClock) -> None:
    issue(tx, person, clock, "dashboard")
    with pytest.raises(ConflictError, match="already"):
        issue(tx, person, clock, "dashboard")
    for name in ("", " a", "a/b", "a\nb", "x" * 81):
        with pytest.raises(InvalidInputError):
            issue(tx, person, clock, name)


def test_another_project_sees_and_revokes_nothing(tx: sa.Connection, person: Actor, clock: TestClock) -> None:
    issued = issue(tx, person, clock)
    stranger = Actor(id="b", project_id="other", kind=ActorKind.PERSON, name="eve", scopes=person.scopes)
    with pytest.raises(NotFoundError):
        keys.list_keys(tx, stranger, "churn")
    with pytest.raises(NotFoundError):
        keys.revoke(tx, stranger, "churn", issued.id, clock)


def test_who_may_only_read_revokes_nothing(tx: sa.Connection, person: Actor, clock: TestClock) -> None:
    issued = issue(tx, person, clock)
    reader = Actor(id="b", project_id="default", kind=ActorKind.PERSON, name="eve", scopes=frozenset({Scope.READ}))
    assert keys.list_keys(tx, reader, "churn")
    with pytest.raises(ForbiddenError):
        keys.revoke(tx, reader, "churn", issued.id, clock)
