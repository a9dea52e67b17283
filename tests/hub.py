"""A real JupyterHub on this machine, with its proxy, its service and its people."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from gristmill.client.client import Client
from gristmill.client.credentials import Credentials
from tests.ports import free_port
from tests.waiting import until

PATIENCE = 120
PASSWORD, ADMIN_PASSWORD = "for-all-of-them", "for-those-who-look-after-it-all-the-time"


@dataclass(frozen=True)
class Hub:
    url: str
    control_plane: str
    home: Path

    def token(self, name: str, **order: object) -> str:
        """One that this person makes on the hub's page."""
        with self._logged_in(name, "/hub/token") as (browser, xsrf):
            headers = {"X-XSRFToken": xsrf, "Referer": f"{self.url}/hub/token"}
            made = browser.post(f"/hub/api/users/{name}/tokens", json=order, headers=headers)
            assert made.status_code == 201, made.text
            return str(made.json()["token"])

    @contextmanager
    def server(self, name: str, profile: str) -> Iterator[httpx.Client]:
        """Started as this person does it, on the page of profiles, and stopped."""
        with self._logged_in(name, "/hub/spawn") as (browser, xsrf):
            browser.post(f"/hub/spawn/{name}", data={"profile": profile, "_xsrf": xsrf}).raise_for_status()
        headers = {"Authorization": f"token {self.token(name)}"}
        with httpx.Client(base_url=f"{self.url}/user/{name}/", headers=headers, timeout=60) as server:
            until(lambda: server.get("api/status").status_code == 200, PATIENCE, f"the server of {name} answers")
            yield server
            server.delete(f"{self.url}/hub/api/users/{name}/server").raise_for_status()

    @contextmanager
    def _logged_in(self, name: str, page: str) -> Iterator[tuple[httpx.Client, str]]:
        """A browser that this page was shown to, and what its forms are sent with."""
        with httpx.Client(base_url=self.url, follow_redirects=True, timeout=60) as browser:
            browser.get("/hub/login")
            password = ADMIN_PASSWORD if name == "root" else PASSWORD
            form = {"username": name, "password": password, "_xsrf": browser.cookies["_xsrf"]}
            shown = browser.post("/hub/login", data=form, params={"next": page})
            found = re.search(r'xsrf_token: "([^"]+)"', shown.raise_for_status().text)
            assert found is not None, shown.text
            yield browser, found[1]

    def client(self, token: str, project: str | None = None) -> Client:
        return Client(Credentials(url=self.control_plane, token=token, local=False, project=project))


@contextmanager
def started(home: Path, **settings: str) -> Iterator[Hub]:
    """`gristmill hub`, with all that it keeps in `home`; nothing of it is left afterwards."""
    ports = {name: str(free_port()) for name in ("PORT", "HUB_PORT", "PROXY_PORT", "CONTROL_PLANE_PORT")}
    ports.update({name: value for name, value in settings.items() if name in ports})
    named = {**ports, "HOME": str(home), "PASSWORD": PASSWORD, "ADMINS": "root", "ADMIN_PASSWORD": ADMIN_PASSWORD}
    named.update(settings)
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("gristmill"), "hub"],
            env={**os.environ, **{f"GRISTMILL_HUB_{name}": value for name, value in named.items()}},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    found = Hub(f"http://127.0.0.1:{ports['PORT']}", f"http://127.0.0.1:{ports['CONTROL_PLANE_PORT']}", home)
    children: list[psutil.Process] = []
    try:
        until(lambda: process.poll() is not None or _answers(found), PATIENCE, "the hub is up")
        assert process.poll() is None, (home / "log").read_text()[-3000:]
        yield found
        children = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        _end_control_plane(found)
        psutil.wait_procs(children, timeout=30)


def _answers(hub: Hub) -> bool:
    try:
        ours = httpx.get(f"{hub.control_plane}/api/instance", params={"challenge": "0" * 16})
        return ours.is_success and httpx.get(f"{hub.url}/hub/api/").is_success
    except httpx.HTTPError:
        return False


def _end_control_plane(hub: Hub) -> None:
    """MLflow and what else a control plane leaves running lives on, as on a laptop."""
    command: list[str | Path] = [Path(sys.executable).with_name("gristmill"), "server", "stop", "--all"]
    subprocess.run(command, env={**os.environ, "GRISTMILL_HOME": str(hub.home / "control-plane")}, check=False)
