"""`gristmill lab`: JupyterLab with Gristmill in it, in one's own folder."""

import hashlib
import html
import importlib.util
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import quote

import typer

from gristmill.cli.options import AsJson
from gristmill.core.errors import InvalidInputError, NotFoundError, UnavailableError, UnsupportedError

PATIENCE = 120.0  # seconds: the first start on a slow disk reads a lot
POLL = 0.1
GRACE = 10.0  # for its kernels to end
PORTS = range(8888, 8988)


def lab(
    place: Annotated[Path, typer.Argument(help="A folder, or a notebook to open.")] = Path(),
    port: Annotated[int | None, typer.Option("--port", help="Default: the first free one from 8888 on.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    as_json: AsJson = False,
) -> None:
    """Start JupyterLab with Gristmill in it; Ctrl-C ends it, and says what stays up.

    Notebooks run from their toolbar; runs are at the left. What runs goes on without it.
    """
    from gristmill.cli.output import write_json
    from gristmill.cli.session import connected

    folder, notebook = _placed(place)
    if importlib.util.find_spec("jupyterlab") is None:
        raise UnsupportedError(
            "JupyterLab is not installed beside Gristmill", hint="Install it with: pip install 'gristmill[lab]'"
        )
    began = time.monotonic()
    with connected() as client:
        control_plane = client.url
    if not as_json:
        _step("control plane", control_plane, began)
    began = time.monotonic()
    token = secrets.token_urlsafe(24)
    chosen = _free(port)
    server = f"http://127.0.0.1:{chosen}/"
    with _Jupyterlab(folder, chosen, token) as process:
        _wait(process, f"{server}api/status", token)
        page = f"{server}lab{f'/tree/{quote(notebook)}' if notebook else ''}?token={token}"
        if as_json:
            write_json({"url": page, "control_plane": control_plane})
            sys.stdout.flush()
        else:
            _step("JupyterLab", page, began)
        with _shown(page) if browser else nullcontext():
            process.wait()
    if not as_json:
        _leave()


@contextmanager
def _shown(page: str) -> Iterator[None]:
    """Opens a browser by way of a file that leads there: a browser's command line is everybody's to read too."""
    import webbrowser

    from gristmill.core.settings import read_settings

    file = read_settings().home / f"lab-{os.getpid()}.html"
    file.touch(mode=0o600)
    try:
        file.write_text(f'<meta charset="utf-8"><meta http-equiv="refresh" content="0; url={html.escape(page)}">')
        webbrowser.open(file.as_uri())
        yield
    finally:
        file.unlink(missing_ok=True)


def _placed(place: Path) -> tuple[Path, str | None]:
    """The folder to start in, and the notebook to open there."""
    if place.is_dir():
        return place, None
    if not place.is_file():
        raise NotFoundError(f"there is no folder or notebook {place}")
    if place.suffix != ".ipynb":
        raise InvalidInputError(f"{place} is no notebook: expected a folder or an .ipynb file")
    return place.parent, place.name


def _step(what: str, where: str, began: float) -> None:
    from gristmill.cli.output import say

    say(f"  {what:<14} {where}  ({time.monotonic() - began:.1f} s)")
    sys.stdout.flush()  # who reads this from a pipe waits for it


def _free(wanted: int | None) -> int:
    for port in [wanted] if wanted else PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    tried = f"port {wanted} is" if wanted else f"the ports {PORTS.start} to {PORTS.stop - 1} are"
    raise UnavailableError(f"{tried} taken", hint="Name a free one: gristmill lab --port 9000")


def _workspaces(folder: Path) -> Path:
    from gristmill.core.settings import read_settings

    own = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return read_settings().home / "lab" / own


def _config_path(others: str | None) -> str:
    """Where Jupyter looks for configuration besides its own places: what JupyterLab begins with here is there.

    A question about news covers the buttons of the first form. Whether JupyterLab wants to be built from its sources
    anew takes a second of a core to find out, for each page. These are defaults: what a person has set counts.
    """
    from gristmill.core.settings import read_settings

    own = read_settings().home / "lab" / "config"
    defaults = own / "labconfig"
    defaults.mkdir(parents=True, exist_ok=True)
    settings = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
    (defaults / "default_setting_overrides.json").write_text(json.dumps(settings))
    (defaults / "page_config.json").write_text(json.dumps({"buildCheck": False}))
    return os.pathsep.join(filter(None, (str(own), others)))


def _shell(own: str | None) -> tuple[str, ...]:
    """A terminal has the environment that this command has, and so finds `gristmill`.

    Where its output is no terminal, Jupyter Server would start login shells, which set PATH anew.
    """
    shell = own or shutil.which("sh")
    if shell is None or sys.stdout.isatty():
        return ()
    return (f"--ServerApp.terminado_settings=shell_command={shlex.quote(shell)}",)


class _Jupyterlab:
    """JupyterLab's process. Ctrl-C is for it, and it asks nothing; SIGTERM is passed on.

    Told to end it has `GRACE` seconds: a request that its end cuts off (a list of nbconvert's exporters, say) leaves a
    worker thread of anyio's waiting, and that would keep it for ever after its last word.
    """

    def __init__(self, folder: Path, port: int, token: str) -> None:
        options = (
            *("--no-browser", "--log-level=WARN", "--ServerApp.answer_yes=True"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
            "--KernelManager.transport_encryption=auto",  # of kernels that are not ours; ours are private anyway
            *(("--allow-root",) if os.geteuid() == 0 else ()),
        )
        # In the environment: a command line is everybody's to read.
        environ = {**os.environ, "JUPYTER_TOKEN": token}
        environ["JUPYTER_CONFIG_PATH"] = _config_path(environ.get("JUPYTER_CONFIG_PATH"))
        options += _shell(environ.get("SHELL"))
        # What was open belongs to the folder: elsewhere its notebooks and runs are not there.
        environ.setdefault("JUPYTERLAB_WORKSPACES_DIR", str(_workspaces(folder)))
        if shutil.which("gristmill") is None:  # its terminals are where the commands that are shown are tried
            environ["PATH"] = os.pathsep.join(filter(None, (str(Path(sys.executable).parent), environ.get("PATH"))))
        self._told: float | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gristmill_lab", "lab", *options], cwd=folder, env=environ
        )

    def __enter__(self) -> Self:
        self._before = {
            signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: self._tell()),
            signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: self.end()),
        }
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.wait()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def status(self) -> int | None:
        """Its exit status; None while it lives."""
        return self._process.poll()

    def end(self) -> None:
        if self.status is None:
            self._process.terminate()
            self._tell()

    def wait(self) -> None:
        """Returns when it has ended."""
        while self.status is None:
            if self._told is not None and time.monotonic() - self._told > GRACE:
                self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(POLL)

    def _tell(self) -> None:
        self._told = self._told or time.monotonic()


def _wait(process: _Jupyterlab, url: str, token: str) -> None:
    """Returns when it answers to its own token: another server may have taken the port since it was seen to be free."""
    import httpx

    from gristmill.core.tls import trust_for

    headers = {"Authorization": f"token {token}"}
    deadline = time.monotonic() + PATIENCE
    with httpx.Client(headers=headers, timeout=5.0, trust_env=False, verify=trust_for(url)) as client:
        while time.monotonic() < deadline:
            if process.status is not None:
                raise UnavailableError(f"JupyterLab ended with status {process.status}; what it said is above")
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.HTTPError:
                pass  # it does not listen yet
            time.sleep(POLL)
    raise UnavailableError(f"JupyterLab did not answer within {PATIENCE:g} s; what it said is above")


def _leave() -> None:
    """Said so that nobody wonders later what still uses the machine."""
    from gristmill.cli.output import say
    from gristmill.cli.session import connected_if_alive
    from gristmill.client import api
    from gristmill.core.settings import read_settings

    with connected_if_alive(read_settings()) as client:
        if client is None:
            return
        status = client.send(api.status())
    parts = [
        ("runs", status.runs),
        ("kept kernels", status.kernels),
        ("endpoints", status.endpoints),
    ]
    up = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
    say(f"JupyterLab has ended. Still up: the control plane{f'; {up}' if up else ''}.")
    say("End it too: gristmill server stop --all" if up else "End it too: gristmill server stop")
