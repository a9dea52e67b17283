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
from packaging.utils import canonicalize_name

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


@pytest.fixture
def index(platform: Platform, tmp_path: Path) -> Iterator[MortalServer]:
    """A simple index (PEP 503) at an address of this machine that pods reach; runs are told of it."""
    wheels, listed = tmp_path / "wheels", tmp_path / "index"
    wheels.mkdir()
    wheels_of_installed(wheels, "ipykernel")
    make_wheel(wheels, "tinything", "1.0", {"tinything/__init__.py": "VALUE = 'forty-one'\n"})
    for wheel in wheels.iterdir():
        project = listed / canonicalize_name(wheel.name.partition("-")[0])
        project.mkdir(parents=True)
        wheel.rename(project / wheel.name)
    cluster = urlsplit(platform.admin.config.cluster.server)
    with socket.create_connection((cluster.hostname or "", cluster.port or 443)) as there:
        own = there.getsockname()[0]
    server = MortalServer((own, 0), partial(Listing, directory=str(listed)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    given = {"UV_DEFAULT_INDEX": url_of(server)}
    platform.admin.patch(Secret, "environ", {"stringData": given}, namespace=platform.namespace)
    yield server
    if thread.is_alive():
        server.die()
    thread.join()


def url_of(server: MortalServer) -> str:
    host, port = server.server_address[:2]
    return f"http://{host!s}:{port}/"


def test_a_run_has_its_locked_packages_also_when_the_index_is_gone(
    platform: Platform,
    notebook: WriteNotebook,
    index: MortalServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", url_of(index))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("tinything\n")
    says = notebook("import sys\nimport tinything\nopen('said', 'w').write(f'{tinything.VALUE} {sys.prefix}')")
    with platform.hub.client(platform.hub.token("ada")) as ada:
        environments.add(ada, "tiny", requirements=requirements, replace=True)
        first = said(ada, ada.run(says, environment="tiny"))
        assert first.startswith("forty-one /gristmill/cache/")
        index.die()
        assert said(ada, ada.run(says, environment="tiny")) == first


def said(client: Client, run: Run) -> str:
    ended = client.wait(run)
    assert ended.state is RunState.SUCCEEDED, ended.fault and ended.fault.message
    return client.send(api.get_output(run.id, "said")).decode()
