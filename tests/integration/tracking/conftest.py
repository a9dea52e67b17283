"""A real MLflow process, the proxy in front of it on a real port, and two attempts with tokens."""

import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from gristmill.core.clock import Clock, SystemClock
from gristmill.core.database import Database, metadata
from gristmill.core.http import Authenticate, install_error_handlers
from gristmill.core.scopes import KERNEL_SCOPES, PERSON_SCOPES, SUPERVISOR_SCOPES, WORKER_SCOPES, ActorKind, Scope
from gristmill.core.tokens import issue
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.projects.service import Authentication
from gristmill.projects.store import ensure_default
from gristmill.secrets.masking import Mask
from gristmill.server import opening
from gristmill.tracking import routes
from gristmill.tracking.address import MlflowAddress
from gristmill.tracking.exchange import Exchange
from gristmill.tracking.ownership import Ownership
from gristmill.tracking.process import MlflowProcess
from gristmill.tracking.proxy import MlflowProxy, ProxyLimits
from gristmill.tracking.rest import TrackingClient

CLOCK = SystemClock()
LIMITS = ProxyLimits(body=2**20, artifact=8 * 2**20)


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProcess]:
    process = MlflowProcess(tmp_path_factory.mktemp("home") / "mlflow", clock=CLOCK, environ=os.environ)
    assert process.wait_ready(120).ready, process.state
    yield process
    process.stop()


@pytest.fixture(scope="session")
def tracking(mlflow: MlflowProcess) -> Iterator[TrackingClient]:
    client = TrackingClient(mlflow.address, CLOCK)
    yield client
    client.close()


@dataclass
class Attempt:
    """An attempt as the control plane has prepared it."""

    id: str
    run_id: str
    experiment_id: str
    token: str = field(repr=False)


@dataclass
class Site:
    """A control plane with nothing but the proxy and the opening of pages."""

    url: str
    db: Database
    tracking: TrackingClient
    tracked: dict[str, tuple[str | None, str]]
    prefixes: dict[str, tuple[str, ...]]
    secrets: dict[str, dict[str, str]]  # attempt → the values that it was given
    restart: Callable[[], None]  # forgets what the proxy has in memory
    clients: ExitStack

    def token(self, kind: ActorKind, scopes: frozenset[Scope], subject: str | None = None) -> str:
        with self.db.write() as tx:
            return issue(
                tx,
                project_id=DEFAULT_PROJECT,
                kind=kind,
                name=subject or "ada",
                scopes=scopes,
                subject=subject,
                now=CLOCK.now(),
            )

    def person(self) -> str:
        return self.token(ActorKind.PERSON, PERSON_SCOPES)

    def supervisor(self, endpoint: str, *prefixes: str) -> str:
        self.prefixes[endpoint] = prefixes
        return self.token(ActorKind.SUPERVISOR, SUPERVISOR_SCOPES, endpoint)

    def attempt(self, name: str, experiment: str, *, worker: bool = False) -> Attempt:
        experiment_id = self.tracking.ensure_experiment(experiment)
        run_id = self.tracking.find_or_create_run(name, experiment_id, name, {})
        self.tracked[name] = (run_id, experiment_id)
        kind, scopes = (ActorKind.WORKER, WORKER_SCOPES) if worker else (ActorKind.KERNEL, KERNEL_SCOPES)
        return Attempt(
            id=name, run_id=run_id, experiment_id=experiment_id, token=self.token(kind, scopes, subject=name)
        )

    def client(self, token: str | None) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        client = httpx.Client(base_url=f"{self.url}/mlflow", headers=headers, timeout=30, trust_env=False)
        return self.clients.enter_context(client)


@pytest.fixture
def site(tmp_path: Path, mlflow: MlflowProcess, tracking: TrackingClient) -> Iterator[Site]:
    with opened(tmp_path, mlflow.address, tracking) as site:
        yield site


@contextmanager
def opened(folder: Path, address: MlflowAddress, tracking: TrackingClient) -> Iterator[Site]:
    db = Database(f"sqlite:///{folder / 'gristmill.db'}")
    metadata.create_all(db.engine)
    with db.write() as tx:
        ensure_default(tx, CLOCK.now())
    tracked: dict[str, tuple[str | None, str]] = {}
    prefixes: dict[str, tuple[str, ...]] = {}
    secrets: dict[str, dict[str, str]] = {}
    exchange = Exchange(address)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await exchange.close()

    app = FastAPI(lifespan=lifespan)
    app.include_router(routes.router)
    app.include_router(opening.router)
    install_error_handlers(app)
    sessions = opening.Opening(CLOCK, "server_01k3x4m5n6p7q8r9s0t1v2w3x4")
    app.state.services = {
        Authenticate: Authentication(db=db, clock=CLOCK),
        Clock: CLOCK,
        Database: db,
        opening.Opening: sessions,
        routes.BrowserSessions: sessions,
    }

    def restart() -> None:
        app.state.services[MlflowProxy] = MlflowProxy(
            exchange,
            Ownership(db, CLOCK, tracked.get),
            artifact_prefixes=lambda actor: prefixes[actor.subject or ""],
            masks=lambda attempt: Mask(secrets.get(attempt, {})),
            limits=LIMITS,
        )

    restart()
    with served(app) as url, ExitStack() as clients:
        yield Site(url, db, tracking, tracked, prefixes, secrets, restart, clients)
    db.close()


class served:  # noqa: N801  # reads as a word of the `with` statement
    """An app on a free loopback port."""

    def __init__(self, app: FastAPI) -> None:
        # Named as TCP: asyncio switches Nagle's algorithm off only where it sees that.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(128)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_error: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
