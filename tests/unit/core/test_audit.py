import pytest
import sqlalchemy as sa

from gristmill.core.audit import audit, entries, record, verify
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import ConflictError
from gristmill.core.scopes import Actor


@pytest.fixture
def chain(db: Database, person: Actor, clock: Clock) -> Database:
    for name in ("one", "two", "three"):
        with db.write() as tx:
            record(tx, person, time=clock.now(), action="run.create", subject=name, detail={"n": 1.5})
    return db


def test_a_whole_chain_verifies(chain: Database) -> None:
    with chain.read() as tx:
        verdict = verify(tx)
    assert (verdict.entries, verdict.broken_at) == (3, None)


@pytest.mark.parametrize(
    ("tamper", "broken_at"),
    [
        (sa.update(audit).where(audit.c.seq == 2).values(subject="other"), 2),
        (sa.update(audit).where(audit.c.seq == 1).values(detail={"n": 2}), 1),
        (sa.update(audit).where(audit.c.seq == 3).values(previous="0" * 64), 3),
        (sa.delete(audit).where(audit.c.seq == 2), 2),
        (sa.delete(audit).where(audit.c.seq == 3), 3),
        (sa.delete(audit).where(audit.c.seq == 1), 1),
    ],
    ids=["subject changed", "detail changed", "link changed", "middle removed", "end cut off", "beginning removed"],
)
def test_a_tampered_chain_says_where_it_breaks(chain: Database, tamper: sa.Executable, broken_at: int) -> None:
    with chain.write() as tx:
        tx.execute(tamper)
    with chain.read() as tx:
        verdict = verify(tx)
    assert verdict.broken_at == broken_at
    assert verdict.reason


_ON_BOTH = ("update audit set time = 'infinity' where seq = 2", "update audit set detail = '[1]' where seq = 2")
_ON_SQLITE = (
    "update audit set detail = '{\"a\":1' where seq = 2",
    "update audit set detail = '' where seq = 2",
    "update audit set detail = x'ff' where seq = 2",
    "update audit set time = 'yesterday' where seq = 2",
    "update audit set time = '0001-01-01T00:00:00+14:00' where seq = 2",
    "update audit set actor = cast(x'ff' as text) where seq = 2",
    "update audit set detail = printf('%.*c', 100000, '[') where seq = 2",
)


@pytest.mark.parametrize("tamper", [*_ON_BOTH, *_ON_SQLITE])
def test_an_entry_that_cannot_be_read_any_more_is_where_the_chain_breaks(chain: Database, tamper: str) -> None:
    if tamper in _ON_SQLITE and not chain.is_sqlite:
        pytest.skip("PostgreSQL stores no such thing")
    with chain.write() as tx:
        tx.exec_driver_sql(tamper)
    with chain.read() as tx:
        verdict = verify(tx)
        assert (verdict.broken_at, verdict.reason) == (2, "its content does not match its digest")
        with pytest.raises(ConflictError, match="entry 2 of the audit log cannot be read"):
            entries(tx, project_id="default")
        assert [one.subject for one in entries(tx, project_id="default", after=2)] == ["three"]


def test_an_entry_is_not_kept_when_what_it_records_fails(db: Database, person: Actor, clock: Clock) -> None:
    def fail_after_recording() -> None:
        with db.write() as tx:
            record(tx, person, time=clock.now(), action="run.create", subject="x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_recording()
    with db.read() as tx:
        assert verify(tx).entries == 0
