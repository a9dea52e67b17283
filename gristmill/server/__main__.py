"""`python -m gristmill.server`: the control plane as a process. It is what `gristmill server start` starts."""

import getpass
import logging
import os
import socket
import sys

import uvicorn

from gristmill import __version__
from gristmill.core import tokens
from gristmill.core.blobs import BlobStore
from gristmill.core.clock import SystemClock
from gristmill.core.database import Database
from gristmill.core.errors import GristmillError, UnauthenticatedError
from gristmill.core.events import Wakeup
from gristmill.core.processes import exclusive
from gristmill.core.scopes import PERSON_SCOPES, ActorKind
from gristmill.core.settings import Settings, read_settings
from gristmill.core.wire import PortFile
from gristmill.endpoints.backends.local import LocalBackend
from gristmill.profiles.catalogue import load_catalogue
from gristmill.projects.store import DEFAULT_PROJECT, ensure_default
from gristmill.runs.executors.local import LocalExecutor
from gristmill.server import files
from gristmill.server.app import Parts, create_app
from gristmill.server.identity import new_identity
from gristmill.server.schema import upgrade
from gristmill.tracking.process import MlflowProcess

log = logging.getLogger("gristmill.server")

DRAIN = 2  # seconds that open streams get when the server ends


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = read_settings()
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with exclusive(settings.home / "server.lock") as alone:
            if not alone:
                log.error("another control plane lives in %s", settings.home)
                return 5
            return _serve(settings)
    except GristmillError as error:
        log.error("%s%s", error.message, f" ({error.hint})" if error.hint else "")  # noqa: TRY400  # no traceback for people
        return error.exit_code


def _serve(settings: Settings) -> int:
    clock = SystemClock()
    wakeup = Wakeup()
    db = Database(settings.database_url, on_commit=wakeup.set)
    upgrade(db)
    listener = _listen(settings)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    identity = new_identity(url, clock.now())
    blobs = BlobStore(str(settings.home / "blobs"), max_bytes=settings.max_blob_bytes)
    server = uvicorn.Server(uvicorn.Config("unused:app"))

    def leave() -> None:
        server.should_exit = True

    parts = Parts(
        settings=settings,
        clock=clock,
        db=db,
        blobs=blobs,
        wakeup=wakeup,
        catalogue=load_catalogue(
            settings.profiles or settings.home / "profiles.yaml", required=settings.profiles is not None
        ),
        executor=LocalExecutor(settings.attempts),
        backend=LocalBackend(settings.endpoints),
        mlflow=MlflowProcess(settings.home / "mlflow", clock=clock, environ=os.environ),
        identity=identity,
        leave=leave,
    )
    server.config = uvicorn.Config(
        create_app(parts), log_level="warning", timeout_graceful_shutdown=DRAIN, server_header=False
    )
    token = _person_token(db, settings, clock)
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
    try:
        server.run(sockets=[listener])
    finally:
        settings.port_file.unlink(missing_ok=True)
        db.close()
    return 0


def _listen(settings: Settings) -> socket.socket:
    """The kept port if it is free: workers and endpoints that live on know this control plane by it."""
    wanted = [port for port in (settings.port, files.kept_port(settings.home)) if port]
    for port in (*wanted, 0):
        # asyncio sends without delay only on sockets that name their protocol.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            listener.close()
            log.warning("port %d is taken: %s", port, error)
            continue
        listener.listen(1024)
        files.keep_port(settings.home, listener.getsockname()[1])
        return listener
    raise OSError("no loopback port is free")


def _person_token(db: Database, settings: Settings, clock: SystemClock) -> str:
    """The token of whoever owns this home: the kept one while it is valid."""
    kept = files.kept_token(settings.home)
    with db.write() as tx:
        ensure_default(tx, clock.now())
        if kept is not None:
            try:
                tokens.authenticate(tx, kept, clock.now())
            except UnauthenticatedError:
                log.warning("the kept token is not valid any more; a new one is issued")
            else:
                return kept
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


if __name__ == "__main__":
    sys.exit(main())
