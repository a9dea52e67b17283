"""What the hub is configured with, on a bare configuration object as JupyterHub hands it over."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gristmill_hub import HubSettings, configure, roles
from gristmill_hub.local_spawner import LocalSpawner
from jupyterhub.app import JupyterHub
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from jupyterhub.scopes import define_custom_scopes
from traitlets.config import Config

from gristmill.core.errors import InvalidInputError
from gristmill.core.scopes import HUB_PREFIX, PERSON_SCOPES, ROLES, Role, Scope


@pytest.fixture
def settings(tmp_path: Path) -> HubSettings:
    return HubSettings(home=tmp_path, password="of-everybody", admins=("ada",), role="viewer")


@pytest.fixture
def c(settings: HubSettings) -> Any:
    c = Config()
    configure(c, settings)
    return c


def test_every_name_that_is_set_is_one_that_jupyterhub_has(c: Any) -> None:
    for name, kind in (
        ("JupyterHub", JupyterHub),
        ("Spawner", LocalSpawner),
        ("LocalSpawner", LocalSpawner),
        ("Authenticator", SharedPasswordAuthenticator),
        ("SharedPasswordAuthenticator", SharedPasswordAuthenticator),
    ):
        known = kind.class_trait_names(config=True)
        assert [trait for trait in c[name] if trait not in known] == []


def test_the_hub_takes_our_scopes_and_the_control_plane_reads_them_again(c: Any) -> None:
    define_custom_scopes(c.JupyterHub.custom_scopes)
    assert set(c.JupyterHub.custom_scopes) == {f"{HUB_PREFIX}{scope}" for scope in PERSON_SCOPES}


def test_a_role_is_what_its_group_has(c: Any) -> None:
    for role in c.JupyterHub.load_roles:
        (group,) = role["groups"]
        assert group in c.JupyterHub.load_groups
        assert set(role["scopes"]) <= set(c.JupyterHub.custom_scopes)
    assert c.JupyterHub.load_groups[roles.group_of(Role.ADMINISTRATOR)]["users"] == ["ada"]


@pytest.mark.parametrize("role", ["none", *Role])
def test_everybody_has_one_role_or_none(tmp_path: Path, role: str) -> None:
    had = roles.everybodys(HubSettings(home=tmp_path, role=role))
    assert had == ({roles.name_of(scope) for scope in ROLES[Role(role)]} if role != "none" else set())


def test_a_server_speaks_for_its_person_and_administers_nothing(c: Any) -> None:
    scopes = c.Spawner.server_token_scopes
    assert roles.name_of(Scope.ADMIN) not in scopes
    assert roles.name_of(Scope.RUNS_WRITE) in scopes
    assert {"users:activity!user", "access:servers!server"} <= set(scopes)


def test_all_listens_on_loopback_alone(c: Any) -> None:
    urls = (c.JupyterHub.bind_url, c.JupyterHub.hub_bind_url, c.ConfigurableHTTPProxy.api_url)
    assert all(url.startswith("http://127.0.0.1:") for url in urls)


def test_the_control_plane_is_a_service_with_a_home_of_its_own_and_the_servers_know_where(
    c: Any, settings: HubSettings
) -> None:
    (service,) = c.JupyterHub.services
    environ = service["environment"]
    assert environ["GRISTMILL_HOME"] == str(settings.home / "control-plane")
    assert c.Spawner.environment["GRISTMILL_SERVICE_URL"] == f"http://127.0.0.1:{environ['GRISTMILL_PORT']}"
    assert environ["GRISTMILL_HUB_API_URL"] == f"{c.JupyterHub.hub_bind_url}/hub/api"


def test_the_hub_s_own_token_may_look_at_profiles_and_at_nothing_else(settings: HubSettings) -> None:
    c: Any = Config()
    configure(c, replace(settings, service_token="of-the-hub"))
    hub, control_plane = c.JupyterHub.services
    assert hub == {"name": "gristmill-hub", "api_token": "of-the-hub"}
    assert control_plane["name"] == "gristmill"
    (role,) = [one for one in c.JupyterHub.load_roles if "services" in one]
    assert (role["services"], role["scopes"]) == (["gristmill-hub"], [roles.name_of(Scope.PROFILES_READ)])
    assert "of-the-hub" not in repr(settings)


def test_where_people_elsewhere_reach_the_hub_its_proxy_leads_to_the_gateway(settings: HubSettings) -> None:
    c: Any = Config()
    configure(c, replace(settings, public_url="https://hub.example.org/"))
    (service,) = c.JupyterHub.services
    assert service["url"] == settings.control_plane_url
    assert service["environment"]["GRISTMILL_PUBLIC_URL"] == "https://hub.example.org/services/gristmill"


def test_a_catalogue_is_the_control_plane_s_too_and_has_a_page(settings: HubSettings, tmp_path: Path) -> None:
    (tmp_path / "profiles.yaml").write_text("profiles: {small: {cpu: 1, memory: 1 GB}}")
    c: Any = Config()
    configure(c, replace(settings, profiles=tmp_path / "profiles.yaml"))
    (service,) = c.JupyterHub.services
    assert service["environment"]["GRISTMILL_PROFILES"] == str(tmp_path / "profiles.yaml")
    assert callable(c.Spawner.options_form)


def test_what_is_set_afterwards_counts(c: Any) -> None:
    c.JupyterHub.bind_url = "http://127.0.0.1:9999"
    assert JupyterHub(config=c).bind_url == "http://127.0.0.1:9999"


def test_settings_come_from_the_environment() -> None:
    told = {"HOME": "/srv/hub", "PORT": "9000", "ADMINS": "ada, bob,", "ROLE": "viewer", "PASSWORD": "p"}
    settings = HubSettings.from_env({f"GRISTMILL_HUB_{name}": value for name, value in told.items()})
    assert (settings.home, settings.port, settings.admins) == (Path("/srv/hub"), 9000, ("ada", "bob"))
    assert "password" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("GRISTMILL_HUB_PORT", "many", "expected a number from 1 to 65535"),
        ("GRISTMILL_HUB_HUB_PORT", "0", "expected a number from 1 to 65535"),
        ("GRISTMILL_HUB_ROLE", "boss", "expected one of none, viewer"),
        ("GRISTMILL_HUB_PUBLIC_URL", "hub.example.org", "expected for example https"),
        ("GRISTMILL_MODE", "moon", "expected local"),
    ],
)
def test_what_cannot_be_a_setting_is_refused(name: str, value: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        HubSettings.from_env({name: value})
