"""Who asks with a token that a hub has issued, and in which of the projects."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import ForbiddenError, UnauthenticatedError, UnavailableError
from gristmill.core.scopes import HUB_PREFIX, PERSON_SCOPES, ROLES, ActorKind, Role, Scope
from gristmill.core.tokens import issue
from gristmill.profiles.model import Catalogue, Profile, Resources
from gristmill.projects.directories.hub import HubDirectory
from gristmill.projects.model import LONGEST, is_project_name, personal_project
from gristmill.projects.service import Authentication
from tests.unit.conftest import TestClock


class Hub:
    """Answers `GET /hub/api/user` as a JupyterHub does."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.asked = 0

    def add(self, name: str, role: Role, *groups: str, kind: str = "user") -> str:
        scopes = [f"{HUB_PREFIX}{scope}" for scope in ROLES[role]]
        scopes += ["access:servers!server=ada/", f"{HUB_PREFIX}not:known:yet", f"{HUB_PREFIX}read!user=bob"]
        told = {"kind": kind, "name": name, "groups": list(groups), "scopes": scopes, "admin": False, "servers": {}}
        self.users[f"token-of-{name}"] = told
        return f"token-of-{name}"


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def url(hub: Hub) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.asked += 1
            user = hub.users.get(self.headers["Authorization"].removeprefix("token "))
            content = json.dumps(user or {"status": 403, "message": "Missing or invalid credentials."}).encode()
            self.send_response(200 if user and self.path == "/hub/api/user" else 403)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hub/api"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def directory(url: str, clock: TestClock) -> Iterator[HubDirectory]:
    directory = HubDirectory(url, clock, project_groups="project-")
    yield directory
    directory.close()


@pytest.fixture
def authenticate(db: Database, clock: TestClock, directory: HubDirectory) -> Authentication:
    return Authentication(db=db, clock=clock, directory=directory)


def test_a_person_is_in_a_project_of_his_own_with_the_scopes_of_the_token(
    hub: Hub, authenticate: Authentication
) -> None:
    ada = authenticate(hub.add("ada", Role.DATA_SCIENTIST), None)
    assert (ada.name, ada.kind, ada.project_id) == ("ada", ActorKind.PERSON, "user-ada")
    assert ada.scopes == ROLES[Role.DATA_SCIENTIST]
    assert authenticate("token-of-ada", "user-ada") == ada


def test_a_viewer_may_change_nothing(hub: Hub, authenticate: Authentication) -> None:
    bob = authenticate(hub.add("bob", Role.VIEWER), None)
    bob.require(Scope.READ)
    for scope in PERSON_SCOPES - ROLES[Role.VIEWER]:
        with pytest.raises(ForbiddenError, match=scope.value):
            bob.require(scope)


def test_groups_of_the_hub_are_shared_projects_and_other_projects_are_closed(
    hub: Hub, authenticate: Authentication
) -> None:
    not_projects = ("staff", "project-user-bob", "project-service-x", "project-No Name")
    token = hub.add("ada", Role.DATA_SCIENTIST, "project-credit", *not_projects)
    assert authenticate(token, "credit").project_id == "credit"
    for other in ("user-bob", "default", "staff", "risk"):
        with pytest.raises(ForbiddenError, match="is in user-ada, credit"):
            authenticate(token, other)


def test_a_profile_of_a_group_is_for_who_is_in_it(hub: Hub, authenticate: Authentication) -> None:
    plain = Profile(name="small", resources=Resources(cpu=1))
    of_group = Profile(name="gpu", resources=Resources(cpu=1, accelerators=1), groups=frozenset({"vision"}))
    catalogue = Catalogue(profiles=(plain, of_group), capacity=Resources(cpu=8, accelerators=8), source="test")
    ada = authenticate(hub.add("ada", Role.DATA_SCIENTIST, "vision"), None)
    bob = authenticate(hub.add("bob", Role.DATA_SCIENTIST), None)
    assert catalogue.given_by(ada.groups).profiles == (plain, of_group)
    assert catalogue.given_by(bob.groups).profiles == (plain,)
    assert catalogue.given_by(None) is catalogue, "alone on a machine nobody knows of groups"


def test_the_hub_is_asked_once_a_minute_for_a_token(hub: Hub, authenticate: Authentication, clock: TestClock) -> None:
    token = hub.add("ada", Role.VIEWER)
    for _ in range(3):
        authenticate(token, None)
    assert hub.asked == 1
    del hub.users[token]
    clock.advance(61)
    with pytest.raises(UnauthenticatedError):
        authenticate(token, None)


@pytest.mark.parametrize("token", ["nobodys-token", "two words", "b\u00e4d", "new\nline"])
def test_what_the_hub_does_not_know_is_nobody(authenticate: Authentication, token: str) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        authenticate(token, None)
    assert token not in str(caught.value)


def test_a_service_of_the_hub_has_the_scopes_that_the_hub_gives_it_and_no_more(
    hub: Hub, authenticate: Authentication
) -> None:
    token = hub.add("spawn-page", Role.VIEWER, kind="service")
    hub.users[token]["scopes"] = [f"{HUB_PREFIX}{Scope.PROFILES_READ}"]
    service = authenticate(token, None)
    assert (service.kind, service.project_id) == (ActorKind.SERVICE, "service-spawn-page")
    assert service.scopes == {Scope.PROFILES_READ}
    assert service.groups is None, "it asks for everybody"
    service.require(Scope.PROFILES_READ)
    for scope in PERSON_SCOPES - {Scope.PROFILES_READ}:
        with pytest.raises(ForbiddenError, match=scope.value):
            service.require(scope)


def test_a_service_that_may_run_something_is_in_no_group(hub: Hub, authenticate: Authentication) -> None:
    token = hub.add("robot", Role.VIEWER, kind="service")
    hub.users[token]["scopes"] = [f"{HUB_PREFIX}{scope}" for scope in (Scope.PROFILES_READ, Scope.RUNS_WRITE)]
    assert authenticate(token, None).groups == frozenset()


def test_a_service_without_a_scope_of_gristmill_s_is_nobody(hub: Hub, authenticate: Authentication) -> None:
    token = hub.add("culler", Role.ADMINISTRATOR, kind="service")
    hub.users[token]["scopes"] = ["list:users", "servers"]
    with pytest.raises(UnauthenticatedError, match="service 'culler', which has no scope"):
        authenticate(token, None)


def test_a_token_of_neither_kind_is_nobody(hub: Hub, authenticate: Authentication) -> None:
    with pytest.raises(UnauthenticatedError, match="a robot's"):
        authenticate(hub.add("culler", Role.ADMINISTRATOR, kind="robot"), None)


def test_who_may_read_may_read_profiles(hub: Hub, authenticate: Authentication) -> None:
    token = hub.add("ada", Role.VIEWER)
    hub.users[token]["scopes"] = [f"{HUB_PREFIX}{Scope.READ}"]
    authenticate(token, None).require(Scope.PROFILES_READ)


def test_while_the_hub_is_away_nobody_is_let_in(db: Database, clock: TestClock) -> None:
    directory = HubDirectory("http://127.0.0.1:9/hub/api", clock, project_groups="project-")
    with pytest.raises(UnavailableError, match="does not answer"):
        Authentication(db=db, clock=clock, directory=directory)("token-of-ada", None)
    directory.close()


def test_tokens_of_gristmill_s_own_are_not_shown_to_the_hub(
    hub: Hub, authenticate: Authentication, db: Database, clock: TestClock
) -> None:
    with db.write() as tx:
        own = issue(tx, project_id="default", kind=ActorKind.PERSON, name="ada", scopes=PERSON_SCOPES, now=clock.now())
    assert authenticate(own, None).project_id == "default"
    with pytest.raises(ForbiddenError, match="of project 'default'"):
        authenticate(own, "user-ada")
    assert hub.asked == 0


def test_every_name_of_a_person_is_a_project_of_its_own() -> None:
    names = ["ada", "Ada", "ada@example.org", "ada-example-org", "x" * 80, "y" * 80, "ада", "a--b", "-", ""]
    projects = [personal_project(name) for name in names]
    assert projects[0] == "user-ada"
    assert len(set(projects)) == len(names)
    assert all(is_project_name(project) and len(project) <= LONGEST for project in projects)
