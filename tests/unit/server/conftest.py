"""The whole app on a temporary home, its control loop not running."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute

from gristmill.core.blobs import BlobStore
from gristmill.core.database import Database
from gristmill.core.events import Wakeup
from gristmill.core.settings import Settings
from gristmill.endpoints.backends.local import LocalBackend
from gristmill.profiles.model import Catalogue, Profile, Resources
from gristmill.runs.executors.local import LocalExecutor
from gristmill.server.app import Parts, create_app
from gristmill.server.identity import new_identity
from gristmill.tracking.process import MlflowProcess
from tests.unit.conftest import TestClock

# By the public URL. FastAPI takes half a second to prepare an app's routes when they are first asked for; they are the
# same for each, and find its services by the request. The OpenAPI document is the first app's, and says the same.
_ROUTES: dict[str | None, list[BaseRoute]] = {}


@pytest.fixture
def app(tmp_path: Path, db: Database, clock: TestClock) -> FastAPI:
    return make_app(tmp_path, db, clock)


@pytest.fixture(scope="package")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The OpenAPI document; it is the same for every test."""
    home = tmp_path_factory.mktemp("home")
    db = Database(f"sqlite:///{home}/gristmill.db")
    found: dict[str, Any] = make_app(home, db, TestClock()).openapi()
    db.close()
    return found


def make_app(tmp_path: Path, db: Database, clock: TestClock, settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings(home=tmp_path, max_body_bytes=4_000_000)
    small = Profile(name="small", resources=Resources(cpu=1, memory=2**30), default=True)
    app = create_app(
        Parts(
            settings=settings,
            clock=clock,
            db=db,
            blobs=BlobStore(str(tmp_path / "blobs"), max_bytes=1_000_000),
            wakeup=Wakeup(),
            catalogue=Catalogue(profiles=(small,), capacity=Resources(cpu=2, memory=2**31), source="test"),
            executor=LocalExecutor(settings.attempts),
            backend=LocalBackend(settings.endpoints),
            mlflow=MlflowProcess(tmp_path / "mlflow", clock=clock, environ={}),
            identity=new_identity("http://127.0.0.1:1", clock.now()),
            leave=lambda: None,
        )
    )
    app.router.routes[:] = _ROUTES.setdefault(settings.public_url, [*app.router.routes])
    return app
