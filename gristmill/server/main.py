"""The control plane's process, from its settings to its end."""

import gc
import getpass
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

import uvicorn

from gristmill import __version__
from gristmill.core import tokens
from gristmill.core.blobs import BlobStore
from gristmill.core.clock import SystemClock
from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, GristmillError, UnauthenticatedError, UnavailableError
from gristmill.core.events import Wakeup
from gristmill.core.processes import exclusive, holds_lock
from gristmill.core.scopes import PERSON_SCOPES, ActorKind
from gristmill.core.settings import Ground, Settings, read_settings
from gristmill.core.wire import PortFile
from gristmill.profiles.catalogue import load_catalogue
from gristmill.projects.directories.base import Directory
from gristmill.projects.directories.hub import HubDirectory
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.projects.store import ensure_default
from gristmill.runs import service as runs
from gristmill.server import files
from gristmill.server.app import Parts, create_app
from gristmill.server.ground import ground_of
from gristmill.server.identity import new_identity
from gristmill.server.schema import prepare
from gristmill.tracking.existing import ExistingMlflow
from gristmill.tracking.process import MlflowProcess
from gristmill.tracking.server import MlflowServer

log = logging.getLogger("gristmill.server")

DRAIN = 2  # seconds that open streams get when the server ends
SWITCH = 0.001  # seconds that a request waits at most for the control loop to let it go on; Python's own are 5 ms
PORT_PATIENCE = 5.0  # seconds that a port is tried which another program has


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx", "httpx2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    sys.setswitchinterval(SWITCH)
    settings: Settings | None = None
    try:
        settings = read_settings()
        make_folders(settings)
        with exclusive(settings.home / "server.lock") as alone:
            if not alone:
                log.error("another control plane lives in %s", settings.home)
                return 5
            return _serve(settings)
    except GristmillError as error:
        listed = "".join(f"\n  {fault.message}" for fault in error.faults if fault.message != error.message)
        log.error("%s%s%s", error.message, f" ({error.hint})" if error.hint else "", listed)  # noqa: TRY400  # no traceback for people
        if settings is not None:
            files.leave_start_fault(settings.start_fault, error.problem())
        return error.exit_code


def _serve(settings: Settings) -> int:
    clock = SystemClock()
    directory = _directory(settings, clock)
    wakeup = Wakeup()
    db = Database(settings.database, on_commit=wakeup.set)
    prepare(db)
    mlflow = _mlflow(settings, clock)
    _check_tracking(db, settings, mlflow)
    listener = listen(settings)
    url = settings.advertised_url or f"http://127.0.0.1:{listener.getsockname()[1]}"
    ground = ground_of(settings, wakeup.set)
    identity = new_identity(url, clock.now())
    blobs = BlobStore(str(settings.blobs), max_bytes=settings.max_blob_bytes)
    server = uvicorn.Server(uvicorn.Config("unused:app"))

    def leave() -> None:
        server.should_exit = True

    parts = Parts(
        settings=settings,
        clock=clock,
        db=db,
        blobs=blobs,
        wakeup=wakeup,
        catalogue=load_catalogue(settings.catalogue, required=settings.profiles is not None),
        executor=ground.executor,
        backend=ground.backend,
        mlflow=mlflow,
        identity=identity,
        leave=leave,
        directory=directory,
        alone=settings.database_url is None,
    )
    server.config = uvicorn.Config(
        create_app(parts), log_level="warning", timeout_graceful_shutdown=DRAIN, server_header=False
    )
    token = _person_token(db, settings, clock)
    ground.settle(db)
    files.write_port_file(
        settings.port_file,
        PortFile(
            url=url,
            token=token,
            pid=os.getpid(),
            instance=identity.instance,
            secret=identity.secret,
            version=__version__,
        ),
    )
    log.info("control plane %s at %s, home %s", __version__, url, settings.home)
    # uvicorn raises them again once it has ended, which by itself ends this process before it has tidied up.
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, _end)
    gc.freeze()  # what the start has made, its little garbage too, is not looked through at every collection
    gc.enable()
    try:
        server.run(sockets=[listener])
    finally:
        settings.port_file.unlink(missing_ok=True)
        ground.close()
        db.close()
    return 0


def _end(*_: object) -> None:
    sys.exit(0)


def _directory(settings: Settings, clock: SystemClock) -> Directory | None:
    """Who may ask beside the owner of this home.

    Raises:
        ConflictError: several people, whose notebooks nothing would keep apart.
    """
    if settings.hub_api_url is None:
        return None
    if settings.mlflow_url and not (settings.mlflow_workspaces or settings.allow_unisolated):
        raise ConflictError(
            "people of a hub would see each other's experiments and models: the MLflow server that is there already is "
            "not said to have workspaces",
            hint="Start it with --enable-workspaces and set GRISTMILL_MLFLOW_WORKSPACES=1.",
        )
    if settings.ground is Ground.LOCAL and not settings.allow_unisolated:
        raise ConflictError(
            "people of a hub would run their notebooks as processes of one user of this machine: each could read what "
            "the others have",
            hint="Where all of them may, set GRISTMILL_ALLOW_UNISOLATED=1: `gristmill server status` then says so.",
        )
    return HubDirectory(settings.hub_api_url, clock, project_groups=settings.project_groups)


def make_folders(settings: Settings) -> None:
    """The home and what control planes share: each is closed to other users where it is made here."""
    for folder in (settings.home, settings.shared):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _mlflow(settings: Settings, clock: SystemClock) -> MlflowServer:
    if settings.mlflow_url:
        return ExistingMlflow(settings, clock=clock)
    several = settings.hub_api_url is not None
    return MlflowProcess(settings.mlflow, clock=clock, environ=os.environ, several_projects=several)


def _check_tracking(db: Database, settings: Settings, mlflow: MlflowServer) -> None:
    """Nothing under way needs another MLflow server; our own is ended where it is not used any more."""
    with db.read() as tx:
        runs.check_tracked_by(tx, mlflow.name)
    if mlflow.name is not None and holds_lock(settings.mlflow):
        MlflowProcess(settings.mlflow, clock=SystemClock(), environ=os.environ).stop()


def listen(
    settings: Settings, *, patience: float = PORT_PATIENCE, pause: Callable[[float], object] = time.sleep
) -> socket.socket:
    """A listening socket at the wanted port, or the kept one: workers and endpoints that live on know it.

    Where another program has it, it is tried for `patience` seconds; then one is taken that is free.
    """
    wanted = settings.port or files.kept_port(settings.home)
    until = time.monotonic() + (patience if wanted else 0)
    listener = _bound(settings.host, wanted)
    while listener is None and time.monotonic() < until:
        pause(0.1)
        listener = _bound(settings.host, wanted)
    if listener is None and settings.advertised_url is not None:
        raise UnavailableError(f"port {wanted} on {settings.host} is taken by another program")
    if listener is None:
        listener = _bound(settings.host, 0)
    if listener is None:
        raise UnavailableError(f"no port on {settings.host} is free")
    port = listener.getsockname()[1]
    if wanted not in {0, port}:
        log.warning("port %d is taken by another program (tried for %g s): this is port %d", wanted, patience, port)
        log.warning("workers and endpoints that live follow; notebooks that run keep the old address for MLflow")
    listener.listen(1024)
    files.keep_port(settings.home, port)
    return listener


def _bound(host: str, port: int) -> socket.socket | None:
    # asyncio sends without delay only on sockets that name their protocol.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        return None
    return listener


def _person_token(db: Database, settings: Settings, clock: SystemClock) -> str:
    """The token of whoever owns this home: the kept one while it is valid."""
    kept = files.kept_token(settings.home)
    with db.write() as tx:
        ensure_default(tx, clock.now())
        if kept is not None:
            try:
                if tokens.authenticate(tx, kept, clock.now()).scopes >= PERSON_SCOPES:
                    return kept
                log.info("the kept token is from before there was all that it is for; a new one is issued")
            except UnauthenticatedError:
                log.warning("the kept token is not valid any more; a new one is issued")
        token = tokens.issue(
            tx,
            project_id=DEFAULT_PROJECT,
            kind=ActorKind.PERSON,
            name=getpass.getuser(),
            scopes=PERSON_SCOPES,
            now=clock.now(),
        )
    files.keep_token(settings.home, token)
    return token
