"""A run is granted secrets by name, and its worker is told them with its claim."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.core import audit
from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError, UnavailableError
from gristmill.core.scopes import Actor
from gristmill.core.settings import Settings
from gristmill.profiles.model import Catalogue
from gristmill.runs import attempts, service, store
from gristmill.runs.attempts import ClaimContext
from gristmill.runs.model import Attempt, ClaimRequest, RunRequest, RunState
from gristmill.runs.model import Run as RunRow
from gristmill.secrets import service as secrets
from gristmill.secrets.known_vaults import Vaults
from gristmill.secrets.model import SecretGrant, SecretUnavailableError
from gristmill.secrets.service import Granted
from gristmill.snapshots.model import Snapshot
from tests.unit.conftest import TestClock

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER_KEY = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

Create = Callable[..., RunRow]
Begin = Callable[[RunRow], tuple[Attempt, Actor]]


def vaults(home: Path, key: str = KEY) -> Vaults:
    return Vaults(Settings(home=home, secrets_key=key, secrets_vault="encrypted"))


@pytest.fixture
def token(db: Database, person: Actor, clock: TestClock, tmp_path: Path) -> str:
    """The name of a secret."""
    sealed = secrets.seal(vaults(tmp_path), person, "TOKEN", "hush-hush")
    with db.write() as tx:
        secrets.put(tx, person, sealed, clock)
    return "TOKEN"


def test_what_is_granted_is_kept_with_the_run_and_given_again(create: Create, db: Database, token: str) -> None:
    run = create(secrets=(SecretGrant(name=token, env="MY_TOKEN"),))
    with db.read() as tx:
        assert store.get_run(tx, run.id).secrets == (SecretGrant(name=token, env="MY_TOKEN"),)
    assert service.again(run).secrets == run.secrets


def test_unknown_secrets_are_refused_and_nothing_is_stored(create: Create, db: Database, token: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        create(secrets=(SecretGrant(name="TOKN"), SecretGrant(name="OTHER")))
    assert [fault.where for fault in caught.value.faults] == ["secrets.OTHER", "secrets.TOKN"]
    with db.read() as tx:
        assert store.count_unfinished(tx, "default") == 0


def test_a_notebook_that_asks_for_what_is_not_granted_is_refused(
    db: Database, person: Actor, clock: TestClock, catalogue: Catalogue, snapshot: Snapshot, token: str
) -> None:
    asking = replace(snapshot, secrets=(token,))
    with db.write() as tx, pytest.raises(InvalidInputError, match="asks for the secret TOKEN, which is not granted"):
        service.create(
            tx, person, RunRequest(snapshot=snapshot.id), asking, catalogue=catalogue, max_queued=9, clock=clock
        )


def test_the_claim_tells_the_values_and_the_log_says_so_once(
    create: Create, begin: Begin, db: Database, context: ClaimContext, clock: TestClock, tmp_path: Path, token: str
) -> None:
    run = create(secrets=(SecretGrant(name=token, env="MY_TOKEN"),))
    attempt, worker = begin(run)
    opened = Granted(db, vaults(tmp_path), attempts.granted).open(attempt.id)
    for _ in range(2):  # an answer that got lost is given again
        with db.write() as tx:
            order = attempts.claim(tx, worker, attempt.id, ClaimRequest(nonce="n"), context, clock, opened)
    assert [(one.name, one.value, one.env) for one in order.secrets] == [(token, "hush-hush", "MY_TOKEN")]
    assert "hush" not in repr(order)
    with db.read() as tx:
        uses = [entry for entry in audit.entries(tx, project_id="default") if entry.action == "secret.use"]
        assert [(use.subject, use.detail) for use in uses] == [(token, {"run": run.id, "env": "MY_TOKEN"})]
        assert secrets.find(tx, replace(worker), token).last_used_at == clock.now()


def test_a_secret_that_was_deleted_meanwhile_fails_the_run_before_it_begins(
    create: Create, begin: Begin, db: Database, person: Actor, clock: TestClock, tmp_path: Path, token: str
) -> None:
    run = create(secrets=(SecretGrant(name=token),))
    attempt, worker = begin(run)
    with db.write() as tx:
        secrets.delete(tx, person, token, clock)
    with pytest.raises(SecretUnavailableError) as caught:
        Granted(db, vaults(tmp_path), attempts.granted).open(attempt.id)
    with db.write() as tx:
        attempts.refuse(tx, worker, attempt.id, caught.value, clock)
    with db.read() as tx:
        failed = store.get_run(tx, run.id)
    assert failed.state is RunState.FAILED
    assert failed.fault is not None
    assert failed.fault.message == "the secret TOKEN was deleted after it was granted to the run"


def test_a_wrong_key_says_so_and_a_worker_that_has_claimed_may_ask_again(
    create: Create, begin: Begin, db: Database, context: ClaimContext, clock: TestClock, tmp_path: Path, token: str
) -> None:
    attempt, worker = begin(create(secrets=(SecretGrant(name=token),)))
    with pytest.raises(SecretUnavailableError, match="was not encrypted with the key of") as caught:
        Granted(db, vaults(tmp_path, OTHER_KEY), attempts.granted).open(attempt.id)
    with db.write() as tx:
        attempts.claim(tx, worker, attempt.id, ClaimRequest(nonce="n"), context, clock)
    with db.write() as tx, pytest.raises(UnavailableError):
        attempts.refuse(tx, worker, attempt.id, caught.value, clock)


def test_what_masks_an_attempt_is_made_once_and_again_after_a_restart(
    create: Create, begin: Begin, db: Database, tmp_path: Path, token: str
) -> None:
    attempt, _ = begin(create(secrets=(SecretGrant(name=token),)))
    granted = Granted(db, vaults(tmp_path), attempts.granted)
    granted.open(attempt.id)
    assert granted.mask(attempt.id) is granted.mask(attempt.id)
    restarted = Granted(db, vaults(tmp_path), attempts.granted)
    assert restarted.mask(attempt.id).text("it is hush-hush") == "it is ***"
    assert not restarted.mask("attempt_unheard_of")
