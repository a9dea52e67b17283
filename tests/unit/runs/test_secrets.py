"""A run is granted secrets by name, and its worker is told them with its claim."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.core import audit
from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError, UnavailableError
from gristmill.core.lease import Leadership
from gristmill.core.scopes import Actor
from gristmill.core.settings import Settings
from gristmill.profiles.model import Catalogue
from gristmill.runs import attempts, leftovers, service, store
from gristmill.runs.attempts import ClaimContext
from gristmill.runs.model import Attempt, ClaimRequest, RunRequest, RunState
from gristmill.runs.model import Run as RunRow
from gristmill.secrets import service as secrets
from gristmill.secrets.known_vaults import Vaults
from gristmill.secrets.model import SecretGrant, SecretUnavailableError
from gristmill.secrets.reconcile import PAUSE, SecretsReconciler
from gristmill.secrets.service import Granted, Opened
from gristmill.secrets.store import Sealed
from gristmill.secrets.vaults.keyring import KeyringVault
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


class Entries:
    """A keyring in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.locked = False

    def get_password(self, _service: str, username: str) -> str | None:
        if self.locked:
            raise OSError("locked")
        return self.kept.get(username)

    def set_password(self, _service: str, username: str, password: str) -> None:
        self.kept[username] = password

    def delete_password(self, _service: str, username: str) -> None:
        del self.kept[username]


class Claims:
    """What a worker and the control plane do with one attempt, on a keyring that shows what it keeps."""

    def __init__(self, db: Database, person: Actor, clock: TestClock, context: ClaimContext, home: Path) -> None:
        self.db, self.person, self.clock, self.context = db, person, clock, context
        self.entries = Entries()
        kept = KeyringVault(self.entries)
        self.vaults = Vaults(Settings(home=home, secrets_vault="keyring"), {"keyring": kept})
        self.leader = Leadership(db, clock, "server_1")
        self.leader.take_over()

    def granted(self) -> Granted:
        """As after a restart."""
        return Granted(self.db, self.vaults, attempts.granted)

    def claim(self, attempt: Attempt, worker: Actor, opened: Opened) -> str:
        with self.db.write() as tx:
            request = ClaimRequest(nonce="n")
            order = attempts.claim(tx, worker, attempt.id, request, self.context, self.clock, opened)
        return order.secrets[0].value

    def set(self, value: str) -> None:
        sealed = secrets.seal(self.vaults, self.person, "TOKEN", value)
        with self.db.write() as tx:
            _, before = secrets.put(tx, self.person, sealed, self.clock)
        if before is not None:
            secrets.forget_unused(self.db, self.vaults, before)

    def delete(self) -> None:
        with self.db.write() as tx:
            _, sealed = secrets.delete(tx, self.person, "TOKEN", self.clock)
        secrets.forget_unused(self.db, self.vaults, sealed)

    def close(self, attempt: Attempt) -> None:
        with self.db.write() as tx:
            service.close_attempt(tx, attempt, self.clock)

    def step(self) -> None:
        self.clock.advance(PAUSE)
        SecretsReconciler(self.db, self.leader, self.vaults, self.clock, leftovers.open_of).step()


@pytest.fixture
def claims(db: Database, person: Actor, clock: TestClock, context: ClaimContext, tmp_path: Path) -> Claims:
    claims = Claims(db, person, clock, context, tmp_path)
    claims.set("hush-hush")
    return claims


@pytest.fixture
def begun(create: Create, begin: Begin, claims: Claims) -> tuple[Attempt, Actor]:
    """An attempt that was given TOKEN."""
    attempt, worker = begin(create(secrets=(SecretGrant(name="TOKEN"),)))
    claims.claim(attempt, worker, claims.granted().open(attempt.id))
    return attempt, worker


@pytest.mark.parametrize("change", [lambda claims: claims.set("another-value"), lambda claims: claims.delete()])
def test_what_an_attempt_was_given_is_masked_and_given_again_whatever_becomes_of_the_secret(
    claims: Claims, begun: tuple[Attempt, Actor], change: Callable[[Claims], None]
) -> None:
    change(claims)
    granted = claims.granted()
    assert granted.mask(begun[0].id).text("it is hush-hush") == "it is ***"
    assert claims.claim(*begun, granted.open(begun[0].id)) == "hush-hush"


def test_a_mask_is_made_once_and_those_of_attempts_without_secrets_take_no_place(
    claims: Claims, begun: tuple[Attempt, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "_MASKS", 1)
    granted = claims.granted()
    made = granted.mask(begun[0].id)
    assert not granted.mask("attempt_without")
    assert granted.mask(begun[0].id) is made


def test_a_keyring_that_is_locked_is_no_conflict_and_comes_back(claims: Claims, begun: tuple[Attempt, Actor]) -> None:
    claims.entries.locked = True
    granted = claims.granted()
    with pytest.raises(UnavailableError):
        granted.mask(begun[0].id)
    claims.entries.locked = False
    assert granted.mask(begun[0].id)


def test_a_secret_that_changes_while_it_is_handed_out_is_asked_for_again(
    create: Create, begin: Begin, claims: Claims
) -> None:
    attempt, worker = begin(create(secrets=(SecretGrant(name="TOKEN"),)))
    opened = claims.granted().open(attempt.id)
    claims.set("another-value")
    with pytest.raises(UnavailableError, match="was changed while it was being handed out"):
        claims.claim(attempt, worker, opened)
    late = claims.granted().open(attempt.id)
    assert claims.claim(attempt, worker, late) == "another-value"
    with pytest.raises(UnavailableError, match="was changed while it was being handed out"):
        claims.claim(attempt, worker, opened)


def test_rows_of_secrets_are_locked_by_name_whatever_the_order_of_the_grants(
    db: Database, person: Actor, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two attempts that are claimed at the same moment do not wait for each other."""
    locked: list[str] = []

    def use(_tx: object, sealed: Sealed, _now: object) -> bool:
        locked.append(sealed.name)
        return True

    monkeypatch.setattr("gristmill.secrets.store.use", use)
    names = ("B", "C", "A")
    sealed = tuple(Sealed(project_id=person.project_id, name=name, vault="encrypted", sealed="s") for name in names)
    grants = [SecretGrant(name=name) for name in names]
    with db.write() as tx:
        secrets.hand_out(tx, person, grants, Opened(sealed=sealed), run="run_1", attempt="attempt_1", clock=clock)
    assert locked == ["A", "B", "C"]


def test_what_an_attempt_was_given_is_in_the_keyring_until_it_is_closed(
    claims: Claims, begun: tuple[Attempt, Actor]
) -> None:
    claims.set("another-value")
    claims.step()
    assert sorted(claims.entries.kept.values()) == ["another-value", "hush-hush"]
    claims.close(begun[0])
    claims.step()
    assert list(claims.entries.kept.values()) == ["another-value"]


def test_what_a_secret_still_has_stays_when_an_attempt_is_closed(claims: Claims, begun: tuple[Attempt, Actor]) -> None:
    claims.close(begun[0])
    claims.step()
    assert list(claims.entries.kept.values()) == ["hush-hush"]
    claims.delete()
    assert claims.entries.kept == {}


def test_rotation_reseals_what_attempts_were_given_too(
    claims: Claims, begun: tuple[Attempt, Actor], db: Database, person: Actor, clock: TestClock
) -> None:
    claims.delete()
    with db.read() as tx:
        (before,) = secrets.sealed_of(tx, person)
    after = secrets.reseal(claims.vaults, before)
    with db.write() as tx:
        secrets.replace(tx, person, before, after, clock)
    secrets.forget_unused(db, claims.vaults, before)
    assert list(claims.entries.kept.values()) == ["hush-hush"]
    assert claims.granted().mask(begun[0].id).text("hush-hush") == "***"
