"""Databases for tests: SQLite always, PostgreSQL where its server programs are installed.

`--database postgresql` gives control planes of integration tests a PostgreSQL where they would have SQLite.

Processes start cold in tests: a zygote costs more than it saves where every test has a home of its own. The tests that
are about warm kernels and workers say so.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.failures import FailuresAtOnce
from tests.kubernetes import Ground, namespace, need_cluster, stand_in_image
from tests.postgres import TEMPLATE, Postgres, programs, server

os.environ.setdefault("GRISTMILL_WARM_KERNELS", "0")
os.environ.setdefault("GRISTMILL_WARM_WORKERS", "0")


def pytest_addoption(parser: pytest.Parser) -> None:
    choices = ("sqlite", "postgresql")
    parser.addoption("--database", choices=choices, default="sqlite", help="what control planes of tests keep rows in")
    parser.addoption("--away", type=float, default=8.0, help="seconds without a database, where a test goes through it")


@pytest.hookimpl(trylast=True)  # the terminal's plugin comes first
def pytest_configure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")  # what xdist's processes do not have
    if os.environ.get("CI") and terminal is not None:
        config.pluginmanager.register(FailuresAtOnce(terminal))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One server for the session, with a migrated database to copy."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL's server is not installed (Debian and Ubuntu: apt-get install postgresql)")
    with server(found) as postgres:
        postgres.make_template()
        yield postgres


@pytest.fixture(scope="session")
def postgres_database(postgres_server: Postgres) -> str:
    """The name of the database that tests use one after the other: emptying it costs a tenth of a copy."""
    return postgres_server.create(TEMPLATE)


@pytest.fixture
def postgres_url(postgres_server: Postgres, postgres_database: str) -> str:
    """A migrated database without rows."""
    postgres_server.empty(postgres_database)
    return postgres_server.address(postgres_database)


@pytest.fixture
def own_postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """A migrated database that this test may do anything to."""
    name = postgres_server.create(TEMPLATE)
    yield postgres_server.address(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A test that asks for it, or for what is made of it, runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/gristmill.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="module")
def kubernetes_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A namespace with stand-ins' image at hand, for the tests of a module."""
    need_cluster()
    stand_in_image()
    with namespace(tmp_path_factory.mktemp("kubernetes")) as ground:
        yield ground
