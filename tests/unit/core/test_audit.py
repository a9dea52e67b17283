import pytest
import sqlalchemy as sa

from gristmill.core.audit import audit, record, verify
from gristmill.core.clock import Clock
from gristmill.core.database import Database
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


def test_an_entry_is_not_kept_when_what_it_records_fails(db: Database, person: Actor, clock: Clock) -> None:
    def fail_after_recording() -> None:
        with db.write() as tx:
            record(tx, person, time=clock.now(), action="run.create", subject="x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_recording()
    with db.read() as tx:
        assert verify(tx).entries == 0
