"""A hub in a Kubernetes, on a bare configuration object."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gristmill_hub import HubSettings, configure
from jupyterhub.app import JupyterHub
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.spawner import SpawnException
from kubespawner import KubeSpawner
from traitlets.config import Config

from gristmill.core.errors import InvalidInputError

CATALOGUE = """
profiles:
  small: {cpu: 0.5, memory: 2 GB, default: true}
  vision: {cpu: 4, memory: 16 GB, accelerators: 1, groups: [vision], description: "<b>one GPU</b>", rate_per_hour: 1.2}
  batch: {cpu: 16, memory: 64 GB, uses: [run]}
capacity: {cpu: 32, memory: 128 GB}
"""
GIVEN = {
    "GRISTMILL_MODE": "kubernetes",
    "GRISTMILL_HUB_URL": "http://hub.gm.svc:8081",
    "GRISTMILL_HUB_PROXY_URL": "http://proxy-api.gm.svc:8001",
    "GRISTMILL_HUB_CONTROL_PLANE": "http://gristmill.gm.svc:8090",
    "GRISTMILL_HUB_DATABASE_URL": "postgresql+psycopg://u:hush@db/jupyterhub",
    "GRISTMILL_HUB_IMAGE": "single-user:1",
}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "profiles.yaml").write_text(CATALOGUE)
    return {**GIVEN, "GRISTMILL_HUB_PROFILES": str(tmp_path / "profiles.yaml")}


@pytest.fixture
def c(environ: dict[str, str]) -> Any:
    c = Config()
    configure(c, HubSettings.from_env(environ))
    return c


def spawner(options: dict[str, Any] | None, *groups: str) -> Any:
    user = SimpleNamespace(groups=[SimpleNamespace(name=name) for name in groups])
    return SimpleNamespace(user=user, user_options=options)


def test_every_name_that_is_set_is_one_that_there_is(c: Any) -> None:
    for name, kind in (
        ("JupyterHub", JupyterHub),
        ("Spawner", KubeSpawner),
        ("KubeSpawner", KubeSpawner),
        ("ConfigurableHTTPProxy", ConfigurableHTTPProxy),
    ):
        known = kind.class_trait_names(config=True)
        assert [trait for trait in c[name] if trait not in known] == []


def test_all_that_is_missing_is_said_at_once(environ: dict[str, str]) -> None:
    del environ["GRISTMILL_HUB_URL"], environ["GRISTMILL_HUB_IMAGE"]
    with pytest.raises(InvalidInputError, match="GRISTMILL_HUB_URL, GRISTMILL_HUB_IMAGE"):
        HubSettings.from_env(environ)


def test_a_person_is_offered_what_the_groups_give(c: Any) -> None:
    names = [one["slug"] for one in c.KubeSpawner.profile_list(spawner({}))]
    assert names == ["small"]
    names = [one["slug"] for one in c.KubeSpawner.profile_list(spawner({}, "vision"))]
    assert names == ["small", "vision"]


@pytest.mark.parametrize(
    ("options", "groups", "status"),
    [
        ({"profile": "vision"}, (), 403),
        ({"profile": "batch"}, ("vision",), 403),
        ({"profile": {"slug": "small"}}, (), 403),
        ({"image": "other:1"}, (), 400),
        ({"profile": "small", "profile-option-small--image": "x"}, (), 400),
    ],
)
def test_the_rest_api_is_held_to_the_same(
    c: Any, options: dict[str, Any], groups: tuple[str, ...], status: int
) -> None:
    with pytest.raises(SpawnException) as refused:
        c.KubeSpawner.pre_spawn_hook(spawner(options, *groups))
    assert refused.value.status_code == status


@pytest.mark.parametrize(
    ("options", "groups"), [(None, ()), ({}, ()), ({"profile": "small"}, ()), ({"profile": "vision"}, ("vision",))]
)
def test_what_one_may_have_is_let_through(c: Any, options: dict[str, Any] | None, groups: tuple[str, ...]) -> None:
    c.KubeSpawner.pre_spawn_hook(spawner(options, *groups))


def test_the_page_has_a_card_for_each_profile_and_takes_no_markup_from_the_catalogue(
    c: Any,
) -> None:
    shown = asyncio.run(c.Spawner.options_form(spawner({}, "vision")))
    assert shown.count('type="radio"') == 2
    assert 'value="small" checked' in shown
    assert "0.5 cores" in shown
    assert "1.2 per hour" in shown
    assert "<b>" not in shown
    assert " free<" not in shown, "the hub has no token to ask with"
    assert "Not enforced" not in shown


def test_the_proxy_leads_to_the_control_plane_where_the_hub_has_a_public_url(environ: dict[str, str], c: Any) -> None:
    assert c.JupyterHub.services == []
    public = {"GRISTMILL_HUB_PUBLIC_URL": "https://hub.example.org"}
    for token in ("", "of-the-hub"):
        c = Config()
        configure(c, HubSettings.from_env({**environ, **public, "GRISTMILL_HUB_SERVICE_TOKEN": token}))
        service = c.JupyterHub.services[-1]
        assert len(service["api_token"]) == 64, "as an OAuth client it has a secret that nobody guesses"
    assert (service["name"], service["url"]) == ("gristmill", "http://gristmill.gm.svc:8090")


def test_a_password_shows_in_no_representation(environ: dict[str, str]) -> None:
    assert "hush" not in repr(HubSettings.from_env(environ))
