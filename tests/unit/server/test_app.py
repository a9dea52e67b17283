import ssl
from pathlib import Path

import httpx
import pytest

from gristmill.core.database import Database
from gristmill.tracking.address import MlflowAddress
from tests.unit.conftest import TestClock
from tests.unit.server.conftest import make_app


@pytest.fixture
def no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("the usual authorities are read")

    monkeypatch.setattr(ssl, "create_default_context", read)


@pytest.mark.usefixtures("no_authorities")
def test_an_app_reads_no_certificate_authorities(tmp_path: Path, db: Database, clock: TestClock) -> None:
    make_app(tmp_path, db, clock)


@pytest.mark.usefixtures("no_authorities")
@pytest.mark.parametrize("socket", [None, "mlflow.sock"])
def test_nor_does_a_look_at_mlflow(socket: str | None, tmp_path: Path) -> None:
    address = MlflowAddress(base_url="http://localhost", socket=tmp_path / socket if socket else None)
    with address.probe(httpx.Timeout(1)):
        pass
    address.async_client(httpx.Timeout(1))
