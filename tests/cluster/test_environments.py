"""A locked environment in a pod: made by the first run from the index that the chart names, kept for the next ones."""

import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lightkube.resources.core_v1 import Secret

from gristmill.client import api, environments
from gristmill.client.client import Client
from gristmill.runs.model import Run, RunState
from tests.cluster.platform import Platform
from tests.http_server import MortalServer
from tests.integration.conftest import WriteNotebook
from tests.wheels import make_wheel, wheels_of_installed


class Listing(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    wheels_of_installed(folder, "ipykernel")
    make_wheel(folder, "tinything", "1.0", {"tinything/__init__.py": "VALUE = 'forty-one'\n"})
    return folder


@pytest.fixture
def index(platform: Platform, wheels: Path) -> Iterator[MortalServer]:
    """The wheels, at an address of this machine that pods reach."""
    cluster = urlsplit(platform.admin.config.cluster.server)
    with socket.create_connection((cluster.hostname or "", cluster.port or 443)) as there:
        own = there.getsockname()[0]
    server = MortalServer((own, 0), partial(Listing, directory=str(wheels)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    links = {"UV_FIND_LINKS": f"http://{own}:{server.server_address[1]}/"}
    platform.admin.patch(Secret, "environ", {"stringData": links}, namespace=platform.namespace)
    yield server
    if thread.is_alive():
        server.die()
    thread.join()


def test_a_run_has_its_locked_packages_also_when_the_index_is_gone(
    platform: Platform,
    notebook: WriteNotebook,
    index: MortalServer,
    wheels: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("tinything\n")
    says = notebook("import sys\nimport tinything\nopen('said', 'w').write(f'{tinything.VALUE} {sys.prefix}')")
    with platform.hub.client(platform.hub.token("ada")) as ada:
        environments.add(ada, "tiny", requirements=requirements)
        first = said(ada, ada.run(says, environment="tiny"))
        assert first.startswith("forty-one /gristmill/cache/")
        index.die()
        assert said(ada, ada.run(says, environment="tiny")) == first


def said(client: Client, run: Run) -> str:
    ended = client.wait(run)
    assert ended.state is RunState.SUCCEEDED, ended.fault
    return client.send(api.get_output(run.id, "said")).decode()
