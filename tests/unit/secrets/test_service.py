"""What may happen to a secret, by HTTP: the whole app on a temporary home."""

import base64
import logging
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from gristmill.core import audit, tokens
from gristmill.core.database import Database
from gristmill.core.errors import UnavailableError
from gristmill.core.scopes import PERSON_SCOPES, ActorKind
from gristmill.core.settings import Settings
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.secrets import service, store
from gristmill.secrets.known_vaults import Vaults
from gristmill.secrets.vaults.base import VaultError
from gristmill.secrets.vaults.encrypted import EncryptedVault
from tests.unit.conftest import TestClock
from tests.unit.server.conftest import make_app

HUSH = "hush-hush-value"


class Site:
    """The API to a person of the project, and the keys that the server has."""

    def __init__(self, home: Path, db: Database, clock: TestClock) -> None:
        self.home, self.db, self.clock = home, db, clock
        self.keys = [base64.urlsafe_b64encode(os.urandom(32)).decode()]

    async def ask(self, method: str, path: str, body: Any = None, **changes: Any) -> httpx.Response:
        with self.db.write() as tx:
            token = tokens.issue(
                tx,
                project_id=DEFAULT_PROJECT,
                kind=ActorKind.PERSON,
                name="ada",
                scopes=PERSON_SCOPES,
                now=self.clock.now(),
            )
        settings = Settings(home=self.home, secrets_key=",".join(self.keys), secrets_vault="encrypted", **changes)
        transport = httpx.ASGITransport(make_app(self.home, self.db, self.clock, settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            return await http.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})

    async def set(self, name: str, value: str = HUSH) -> httpx.Response:
        return await self.ask("PUT", f"/api/secrets/{name}", {"value": value})

    def sealed(self, name: str) -> store.Sealed:
        with self.db.read() as tx:
            return store.sealed(tx, DEFAULT_PROJECT, name)[0]

    def audited(self) -> list[tuple[str, str, dict[str, Any]]]:
        with self.db.read() as tx:
            found = audit.entries(tx, project_id=DEFAULT_PROJECT)
        return [(entry.action, entry.subject, entry.detail) for entry in found]


@pytest.fixture
def site(tmp_path: Path, db: Database, clock: TestClock) -> Site:
    return Site(tmp_path, db, clock)


async def test_a_secret_is_listed_with_everything_but_its_value(site: Site) -> None:
    answer = await site.set("TOKEN")
    assert answer.status_code == 200
    listed = (await site.ask("GET", "/api/secrets")).json()
    assert listed == [{**answer.json(), "kept": None}], "where it is kept is told who has set it"
    assert "GRISTMILL_SECRETS_KEY" in answer.json()["kept"]
    assert listed[0] == {
        "name": "TOKEN",
        "created_at": "2026-03-01T12:00:00Z",
        "created_by": "ada",
        "changed_at": "2026-03-01T12:00:00Z",
        "last_used_at": None,
        "kept": None,
    }


async def test_setting_it_again_changes_the_value_and_says_when(site: Site) -> None:
    await site.set("TOKEN")
    before = site.sealed("TOKEN")
    site.clock.advance(60)
    again = (await site.set("TOKEN", "another-value")).json()
    assert (again["created_at"], again["changed_at"]) == ("2026-03-01T12:00:00Z", "2026-03-01T12:01:00Z")
    assert site.sealed("TOKEN") != before


async def test_a_deleted_secret_is_gone_and_an_unknown_one_is_404_with_the_nearest(site: Site) -> None:
    await site.set("TOKEN")
    await site.set("OTHER")
    assert (await site.ask("DELETE", "/api/secrets/OTHER")).json()["name"] == "OTHER"
    missing = await site.ask("DELETE", "/api/secrets/tokne")
    assert missing.status_code == 404
    assert missing.json()["hint"].startswith("Did you mean 'TOKEN'?")
    assert [one["name"] for one in (await site.ask("GET", "/api/secrets")).json()] == ["TOKEN"]


async def test_the_audit_log_says_what_was_done_and_no_value(site: Site) -> None:
    await site.set("TOKEN")
    await site.set("TOKEN", "another-value")
    await site.ask("POST", "/api/secrets/rotate")
    await site.ask("DELETE", "/api/secrets/TOKEN")
    vault = {"vault": "encrypted"}
    assert site.audited() == [
        ("secret.create", "TOKEN", vault),
        ("secret.change", "TOKEN", vault),
        ("secret.rotate", "TOKEN", vault),
        ("secret.delete", "TOKEN", {}),
    ]


async def test_no_file_of_the_home_holds_the_value(site: Site) -> None:
    await site.set("TOKEN")
    site.db.close()
    for path in site.home.rglob("*"):
        if path.is_file():
            assert HUSH.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("value", ["abc", 1, None, "x" * 40_000])
async def test_a_value_that_cannot_be_one_is_refused(site: Site, value: Any) -> None:
    answer = await site.ask("PUT", "/api/secrets/TOKEN", {"value": value})
    assert answer.status_code == 400
    assert (await site.ask("GET", "/api/secrets")).json() == []


async def test_rotation_makes_the_old_key_needless(site: Site) -> None:
    await site.set("A")
    await site.set("B", "another-value")
    old = site.keys[0]
    site.keys.insert(0, base64.urlsafe_b64encode(os.urandom(32)).decode())
    assert [one["name"] for one in (await site.ask("POST", "/api/secrets/rotate")).json()] == ["A", "B"]
    new = EncryptedVault(Settings(home=site.home, secrets_key=site.keys[0]))
    assert new.open("default/A", site.sealed("A").sealed) == HUSH
    assert new.open("default/B", site.sealed("B").sealed) == "another-value"
    with pytest.raises(VaultError):
        EncryptedVault(Settings(home=site.home, secrets_key=old)).open("default/A", site.sealed("A").sealed)


async def test_rotation_without_the_old_key_changes_nothing_and_says_so(site: Site) -> None:
    await site.set("A")
    before = site.sealed("A")
    site.keys = [base64.urlsafe_b64encode(os.urandom(32)).decode()]
    answer = await site.ask("POST", "/api/secrets/rotate")
    assert (answer.status_code, "default/A was not encrypted" in answer.json()["detail"]) == (503, True)
    assert site.sealed("A") == before


async def test_what_was_sealed_for_a_change_that_failed_is_forgotten(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []
    monkeypatch.setattr(EncryptedVault, "forget", lambda _vault, _place, sealed: forgotten.append(sealed))
    await site.set("TOKEN")
    before = site.sealed("TOKEN")
    with monkeypatch.context() as patches:
        patches.setattr(service, "put", failing)
        assert (await site.set("TOKEN", "another-value")).status_code == 503
        patches.setattr(service, "replace", failing)
        assert (await site.ask("POST", "/api/secrets/rotate")).status_code == 503
    assert site.sealed("TOKEN") == before
    assert len(forgotten) == 2
    assert before.sealed not in forgotten
    await site.set("TOKEN", "another-value")
    assert forgotten[2:] == [before.sealed]


def failing(*_given: object) -> None:
    raise UnavailableError("the database went away")


async def test_rotation_goes_one_by_one(site: Site) -> None:
    """What can be read before what cannot is rotated."""
    for name in ("A", "B"):
        await site.set(name)
    before = site.sealed("A"), site.sealed("B")
    with site.db.write() as tx:
        store.update(tx, DEFAULT_PROJECT, "B", vault="of the future")
    assert (await site.ask("POST", "/api/secrets/rotate")).status_code == 503
    assert site.sealed("A") != before[0]
    assert site.sealed("B").sealed == before[1].sealed


async def test_what_an_absent_vault_keeps_is_logged_and_the_secret_is_deleted(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    await site.set("TOKEN")
    with site.db.write() as tx:
        store.update(tx, DEFAULT_PROJECT, "TOKEN", vault="of the future")
    with caplog.at_level(logging.WARNING, "gristmill.secrets"):
        assert (await site.ask("DELETE", "/api/secrets/TOKEN")).status_code == 200
    assert "default/TOKEN stays in the vault of the future" in caplog.text


def test_without_the_library_or_a_keyring_new_values_are_encrypted(tmp_path: Path) -> None:
    assert Vaults(Settings(home=tmp_path), {"encrypted": EncryptedVault(Settings(home=tmp_path))}).for_new().name == (
        "encrypted"
    )
