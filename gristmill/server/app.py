"""The control plane's app: every service once, every word's routes, the control loop. Only composition, no logic."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from gristmill import __version__
from gristmill.core.blob_intake import BlobIntake
from gristmill.core.blobs import BlobStore
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.events import Wakeup
from gristmill.core.http import Api, Authenticate, Services, install_error_handlers
from gristmill.core.lease import Leadership
from gristmill.core.notifications import listener
from gristmill.core.pace import Pace
from gristmill.core.scopes import Actor
from gristmill.core.settings import Settings
from gristmill.data_roots import routes as data_root_routes
from gristmill.endpoints import routes as endpoint_routes
from gristmill.endpoints import service as endpoint_service
from gristmill.endpoints.backends.base import EndpointBackend
from gristmill.endpoints.gateway import Gateway, GatewayKeys
from gristmill.endpoints.logs import EndpointLogs
from gristmill.endpoints.reconcile import EndpointsReconciler
from gristmill.environments import routes as environment_routes
from gristmill.environments.service import Environments, Machine
from gristmill.interactive import routes as interactive_routes
from gristmill.interactive import service as interactive_service
from gristmill.interactive.reconcile import InteractiveReconciler
from gristmill.interactive.service import InteractiveSessions
from gristmill.ledger import routes as ledger_routes
from gristmill.models import routes as model_routes
from gristmill.models.service import ModelService
from gristmill.profiles.model import Catalogue
from gristmill.projects.directories.base import Directory
from gristmill.projects.service import Authentication
from gristmill.runs import attempts, leftovers
from gristmill.runs import routes as run_routes
from gristmill.runs.executors.base import Executor
from gristmill.runs.history import Histories
from gristmill.runs.intake import Intake
from gristmill.runs.kernels import Kernels
from gristmill.runs.reconcile import RunsReconciler
from gristmill.secrets import routes as secret_routes
from gristmill.secrets.known_vaults import Vaults
from gristmill.secrets.reconcile import SecretsReconciler
from gristmill.secrets.service import Granted
from gristmill.server import files, front, opening, routes, streams
from gristmill.server.collector import Collector
from gristmill.server.identity import Identity
from gristmill.server.limits import STREAMED, BodyLimit
from gristmill.server.loop import ControlLoop
from gristmill.server.plain_path import PlainPath
from gristmill.server.plain_text import PlainText
from gristmill.server.renewal import ALONE, INTERVAL, Renewal
from gristmill.server.shutdown import Shutdown
from gristmill.snapshots import routes as snapshot_routes
from gristmill.tracking import routes as tracking_routes
from gristmill.tracking.exchange import Exchange
from gristmill.tracking.ownership import Ownership
from gristmill.tracking.proxy import MlflowProxy
from gristmill.tracking.rest import TrackingClient
from gristmill.tracking.server import MlflowServer

HOSTS = ("127.0.0.1", "localhost", "[::1]")

DESCRIPTION = """Gristmill's control plane. Every route needs `Authorization: Bearer …` and one scope, which is listed
with it; but `GET /api/instance`, which proves who answers, and `GET /open/{code}`, whose code is good once. Errors are
problem details (RFC 9457) with a stable `code`."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What an app is made of; tests put their own clock, executor or backend in."""

    settings: Settings
    clock: Clock
    db: Database
    blobs: BlobStore
    wakeup: Wakeup
    catalogue: Catalogue
    executor: Executor
    backend: EndpointBackend
    mlflow: MlflowServer
    identity: Identity
    leave: Callable[[], None]
    directory: Directory | None = None  # of people who have no token of Gristmill's own
    alone: bool = True  # the database is this home's own, and its lock is held: no other control plane can lead


def create_app(parts: Parts) -> FastAPI:
    """The app; its control loop runs from start-up to shut-down."""
    leader = Leadership(parts.db, parts.clock, parts.identity.instance)
    tracking = TrackingClient(parts.mlflow.address, parts.clock, parts.mlflow.workspaces)
    exchange = Exchange(parts.mlflow.address)
    gateway_keys = GatewayKeys(parts.settings.gateway_secret)
    gateway = Gateway(parts.db, gateway_keys, limit=parts.settings.max_body_bytes)
    runs = RunsReconciler(
        db=parts.db,
        leader=leader,
        executor=parts.executor,
        blobs=parts.blobs,
        tracking=tracking,
        catalogue=parts.catalogue,
        settings=parts.settings,
        clock=parts.clock,
        url=parts.identity.url,
        tracking_server=parts.mlflow.name,
    )
    endpoints = EndpointsReconciler(
        db=parts.db,
        leader=leader,
        backend=parts.backend,
        catalogue=parts.catalogue,
        clock=parts.clock,
        url=parts.identity.url,
    )

    interactive = InteractiveReconciler(
        db=parts.db,
        leader=leader,
        tracking=tracking,
        clock=parts.clock,
        idle=parts.settings.interactive_idle,
        server=parts.mlflow.name,
    )

    collector = Collector(
        db=parts.db,
        leader=leader,
        blobs=parts.blobs,
        executor=parts.executor,
        settings=parts.settings,
        clock=parts.clock,
        logs=(parts.settings.home / "server.log",),
    )

    def keep_address() -> Pace:
        """Workers and endpoints that live find whoever leads."""
        files.keep_address(parts.settings.address, parts.identity.url)
        return Pace.IDLE

    vaults = Vaults(parts.settings)
    secrets = SecretsReconciler(
        db=parts.db, leader=leader, vaults=vaults, clock=parts.clock, are_open=leftovers.open_of
    )

    def keep_mlflow() -> Pace:
        return Pace.IDLE if parts.mlflow.ensure().ready else Pace.BUSY

    loop = ControlLoop(
        leader,
        parts.wakeup,
        (
            ("address", keep_address),
            ("mlflow", keep_mlflow),
            ("runs", runs.step),
            ("endpoints", endpoints.step),
            ("interactive", interactive.step),
            ("secrets", secrets.step),
            ("collection", collector.step),
        ),
    )

    renewal = Renewal(
        leader,
        turn_takes=lambda: loop.turn_takes,
        changed=parts.wakeup.set,
        interval=ALONE if parts.alone else INTERVAL,
    )
    heard = listener(parts.db, parts.wakeup.set)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if parts.alone:
            leader.take_over()
        renewal.start()
        if heard is not None:
            heard.start()
        loop.start()
        yield
        loop.stop()
        renewal.stop()
        if heard is not None:
            heard.stop()
        tracking.close()
        await exchange.close()
        await gateway.close()
        if parts.directory is not None:
            parts.directory.close()

    # FastAPI's own pages load their scripts from another host.
    app = Api(
        title="Gristmill",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    granted = Granted(parts.db, vaults, attempts.granted)
    sessions = opening.Opening(parts.clock, parts.identity.instance)
    services: Services = {
        Settings: parts.settings,
        Authenticate: Authentication(db=parts.db, clock=parts.clock, directory=parts.directory),
        Clock: parts.clock,
        Database: parts.db,
        BlobStore: parts.blobs,
        BlobIntake: BlobIntake(parts.db, parts.blobs, parts.clock),
        Wakeup: parts.wakeup,
        Catalogue: parts.catalogue,
        EndpointBackend: parts.backend,
        Gateway: gateway,
        GatewayKeys: gateway_keys,
        EndpointLogs: EndpointLogs(db=parts.db, backend=parts.backend),
        Identity: parts.identity,
        Leadership: leader,
        Collector: collector,
        MlflowServer: parts.mlflow,
        TrackingClient: tracking,
        Intake: Intake(
            db=parts.db,
            clock=parts.clock,
            catalogue=parts.catalogue,
            settings=parts.settings,
            executor=parts.executor,
        ),
        Histories: Histories(db=parts.db, tracking=tracking, server=parts.mlflow.name),
        Kernels: Kernels(db=parts.db, clock=parts.clock, executor=parts.executor),
        Environments: Environments(
            db=parts.db,
            blobs=parts.blobs,
            clock=parts.clock,
            machine=Machine(
                inspect=parts.executor.inspect, prepared=parts.executor.prepared, prune=parts.executor.prune
            ),
        ),
        ModelService: ModelService(parts.db, tracking, parts.clock, parts.mlflow.name),
        attempts.ClaimContext: attempts.ClaimContext(
            url=parts.identity.url, catalogue=parts.catalogue, settings=parts.settings
        ),
        InteractiveSessions: InteractiveSessions(
            db=parts.db, tracking=tracking, clock=parts.clock, url=parts.identity.url, server=parts.mlflow.name
        ),
        Vaults: vaults,
        Granted: granted,
        MlflowProxy: _proxy(parts, exchange, granted),
        opening.Opening: sessions,
        tracking_routes.BrowserSessions: sessions,
        Shutdown: Shutdown(
            db=parts.db,
            clock=parts.clock,
            settings=parts.settings,
            leader=leader,
            loop=loop,
            executor=parts.executor,
            backend=parts.backend,
            mlflow=parts.mlflow,
            leave=parts.leave,
        ),
    }
    app.state.services = services
    for module in (
        routes,
        front,
        opening,
        tracking_routes,
        streams,
        secret_routes,
        snapshot_routes,
        ledger_routes,
        data_root_routes,
        environment_routes,
        run_routes,
        interactive_routes,
        model_routes,
        endpoint_routes,
    ):
        app.include_router(module.router)
    streamed = (*STREAMED, *_include_gateway(app, parts.settings))
    install_error_handlers(app)
    app.add_middleware(PlainText, streamed=streamed)
    app.add_middleware(BodyLimit, limit=parts.settings.max_body_bytes, streamed=streamed)
    app.add_middleware(PlainPath)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(parts.settings))
    return app


def _include_gateway(app: FastAPI, settings: Settings) -> list[str]:
    """What its paths begin with: below the public URL too, for a hub's proxy leaves its prefix in."""
    app.include_router(endpoint_routes.gateway_router)
    below = urlsplit(settings.public_url or "").path.rstrip("/")
    if below:
        app.include_router(endpoint_routes.gateway_router, prefix=below, include_in_schema=False)
    prefix = endpoint_routes.gateway_router.prefix
    return [f"{one}{prefix}/" for one in dict.fromkeys(("", below))]


def _hosts(settings: Settings) -> list[str]:
    """By what names it may be asked: another one may be a stranger's, who makes a browser ask for him."""
    told = (urlsplit(url or "").hostname for url in (settings.advertised_url, settings.public_url))
    return [*HOSTS, *filter(None, told), *settings.allowed_hosts]


def _proxy(parts: Parts, exchange: Exchange, granted: Granted) -> MlflowProxy:
    def tracked_run(subject: str) -> tuple[str | None, str] | None:
        with parts.db.read() as tx:
            return attempts.tracked_run(tx, subject) or interactive_service.tracked(tx, subject)

    def artifact_prefixes(actor: Actor) -> tuple[str, ...]:
        with parts.db.read() as tx:
            return endpoint_service.artifact_prefixes(tx, actor)

    ownership = Ownership(parts.db, parts.clock, tracked_run)
    seen = interactive_service.Seen(parts.db, parts.clock)
    return MlflowProxy(
        exchange,
        ownership,
        artifact_prefixes=artifact_prefixes,
        masks=granted.mask,
        seen=seen,
        workspaces=parts.mlflow.workspaces,
    )
