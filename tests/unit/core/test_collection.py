"""What is removed, what stays, and that both are told of what the tables say of themselves."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

import gristmill.server.app  # noqa: F401  # it knows every word: all tables are in `metadata`
from gristmill.core import blobs, collection, events
from gristmill.core.blobs import BlobStore, digest_of
from gristmill.core.database import Database, metadata
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.projects.store import projects
from tests.unit.conftest import TestClock

# Columns that could name a blob and never do: with the reason.
NAME_NONE = {
    "audit.detail": "who did what: it keeps nothing alive",
    "attempts.fault": "what a person reads",
    "attempts.kept_kernel": "a path, and times",
    "attempts.progress": "numbers, and a line to read",
    "attempts.provenance": "what was there: digests of environments and data, none of blobs",
    "attempts.waiting": "what a person reads",
    "attempt_secrets.sealed": "what a vault wrote",
    "blobs.digest": "what is asked about",
    "endpoints.observed": "states, and lines to read",
    "endpoints.waiting": "what a person reads",
    "environments.digest": "of names and versions",
    "environments.packages": "names and versions",
    "interactive_sessions.source": "where a notebook lies",
    "outputs.description": "what a person reads",
    "reservations.subjects": "ids",
    "runs.data": "data roots: names, sources, digests of data",
    "runs.fault": "what a person reads",
    "runs.given": "names",
    "runs.labels": "what a person chose",
    "runs.models": "ids of MLflow's",
    "runs.parameters": "what a person chose",
    "runs.secrets": "names",
    "runs.text": "name, notebook and labels, to be searched",
    "runs.waiting": "what a person reads",
    "run_texts.text": "names and labels, to be searched",
    "secrets.sealed": "what a vault wrote",
    "snapshots.digest": "its own: that of its list of files",
    "tokens.scopes": "names",
    "utilisation.points": "numbers",
}


def test_every_column_that_could_name_a_blob_says_whether_it_does() -> None:
    marked = {str(column) for place in collection.places() for column in place.columns}
    could = {
        str(column)
        for table in metadata.tables.values()
        for column in table.c
        if isinstance(column.type, sa.JSON | sa.Text) or getattr(column.type, "length", None) == 71
    }
    assert marked >= {
        "attempts.executed_notebook",
        "blob_grants.digest",
        "events.data",
        "outputs.digest",
        "snapshots.body",
    }
    assert could - marked == could & set(NAME_NONE), "mark the column with NAMES_BLOBS, or say here why it names none"


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(str(tmp_path / "blobs"), max_bytes=1000)


Put = Callable[..., str]


@pytest.fixture
def put(db: Database, store: BlobStore, clock: TestClock) -> Put:
    def put_blob(content: bytes, project: str = DEFAULT_PROJECT) -> str:
        digest = digest_of(content)
        with db.write() as tx:
            blobs.expect(tx, project_id=project, digest=digest, now=clock.now())
        store.put(digest, [content])
        with db.write() as tx:
            blobs.remember(tx, project_id=project, digest=digest, size=len(content), now=clock.now())
        return digest

    return put_blob


def leave(db: Database, clock: TestClock, *digests: str, grace: float = 100) -> set[str]:
    clock.advance(-grace)
    before = clock.now()
    clock.advance(grace)
    with db.write() as tx:
        return set(collection.leave(tx, digests, before))


def test_what_was_put_or_asked_for_lately_stays(db: Database, put: Put, clock: TestClock) -> None:
    old, asked = put(b"old"), put(b"asked")
    clock.advance(1000)
    new = put(b"new")
    with db.write() as tx:
        assert blobs.hold(tx, DEFAULT_PROJECT, [asked], clock.now()) == {asked: 5}
    assert leave(db, clock, old, asked, new) == {old}
    with db.read() as tx:
        assert set(blobs.held(tx, DEFAULT_PROJECT, [old, asked, new])) == {asked, new}


def test_what_an_attempt_under_way_may_name_stays(db: Database, put: Put, clock: TestClock) -> None:
    digest = put(b"sent")
    with db.write() as tx:
        blobs.grant(tx, project_id=DEFAULT_PROJECT, subject="attempt_1", digests=[digest])
    clock.advance(1000)
    assert leave(db, clock, digest) == set()
    with db.write() as tx:
        blobs.hold_granted(tx, "attempt_1", clock.now())
        blobs.revoke_grants(tx, "attempt_1")
    assert leave(db, clock, digest) == set(), "its events have just named it, maybe"


def test_bytes_that_are_being_removed_are_lacking_and_cannot_be_put_meanwhile(
    db: Database, put: Put, clock: TestClock
) -> None:
    digest = put(b"old")
    clock.advance(1000)
    assert leave(db, clock, digest) == {digest}
    with db.write() as tx:
        assert blobs.hold(tx, DEFAULT_PROJECT, [digest], clock.now()) == {}
    with pytest.raises(blobs.BlobLeavingError):
        put(b"old")
    with db.write() as tx:
        collection.gone(tx, [digest])
    assert put(b"old") == digest
    with db.read() as tx:
        assert blobs.held(tx, DEFAULT_PROJECT, [digest]) == {digest: 3}


def test_bytes_of_two_projects_stay_for_the_one_that_uses_them(db: Database, put: Put, clock: TestClock) -> None:
    with db.write() as tx:
        tx.execute(sa.insert(projects).values(id="other", name="other", created_at=clock.now()))
    digest = put(b"shared")
    clock.advance(1000)
    put(b"shared", project="other")
    assert leave(db, clock, digest) == set()
    with db.read() as tx:
        assert blobs.held(tx, DEFAULT_PROJECT, [digest]) == {}
        assert blobs.held(tx, "other", [digest]) == {digest: 6}


def test_references_are_found_page_by_page_in_rows_of_any_key(db: Database, clock: TestClock) -> None:
    wanted = {digest_of(bytes([n])) for n in range(7)}
    with db.write() as tx:
        for n, digest in enumerate(sorted(wanted)):
            data = {"deep": [{"er": f"text before {digest} and behind"}]}
            events.append(tx, project_id=DEFAULT_PROJECT, time=clock.now(), kind="k", subject=f"s{n}", data=data)
            blobs.grant(tx, project_id=DEFAULT_PROJECT, subject=f"attempt_{n}", digests=[digest])
    for name in ("events", "blob_grants"):
        place = next(place for place in collection.places() if place.table.name == name)
        found: set[bytes] = set()
        after: tuple[object, ...] | None = None
        pages = 0
        with db.read() as tx:
            while after is not None or pages == 0:
                page = place.named(tx, after, 3)
                found, after = found | page.digests, page.next
                pages += 1
        assert pages == 3
        assert {f"sha256:{digest.hex()}" for digest in found} == wanted
