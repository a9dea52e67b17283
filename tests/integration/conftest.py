"""A real control plane in a home of its own, started the way every command starts it."""

import base64
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.client.credentials import read_port_file
from gristmill.core.settings import Settings
from gristmill.runs.model import Run
from tests.postgres import TEMPLATE, Postgres
from tests.processes import lives
from tests.waiting import until


@dataclass
class ControlPlane:
    """Stopped with everything that it started when the tests of a module are through."""

    home: Path
    database_url: str | None = None
    shared: Path | None = None

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, database_url=self.database_url, shared=self.shared)

    @property
    def environ(self) -> dict[str, str]:
        """What a command needs to be of this home."""
        named = {"GRISTMILL_HOME": str(self.home), "GRISTMILL_DATABASE_URL": self.database_url}
        return {name: value for name, value in named.items() if value is not None}

    def client(self) -> Client:
        """A client of the living control plane; it is started where none lives."""
        return Client(settings=self.settings)

    @property
    def pid(self) -> int:
        found = read_port_file(self.settings.port_file)
        assert found is not None
        return found.pid

    def kill(self) -> None:
        """Ends it by SIGKILL; returns when it is gone."""
        process = psutil.Process(self.pid)
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: not lives(process), what="the control plane is gone")

    def stop(self) -> None:
        if read_port_file(self.settings.port_file) is not None:
            with self.client() as client:
                process = psutil.Process(self.pid)
                client.send(api.stop_server(everything=True))
            until(lambda: not lives(process), what="the control plane has ended")
        try:
            while ending := self._living():  # looked at alone: a look at all there are takes the other tests' time
                until(lambda: not any(map(lives, ending)), what=f"nothing of {self.home} lives")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.processes()}") from None

    def processes(self) -> list[str]:
        """Everything of this home that lives, by its command line."""
        return [" ".join(process.info["cmdline"] or []) for process in self._living()]

    def _living(self) -> list[psutil.Process]:
        """Processes whose command line names the home, or that have it in their environment."""
        found = []
        for process in psutil.process_iter(["cmdline", "environ", "status"]):
            line = " ".join(process.info["cmdline"] or [])
            home = (process.info["environ"] or {}).get("GRISTMILL_HOME")
            if (str(self.home) in line or home == str(self.home)) and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found


@pytest.fixture(scope="session", autouse=True)
def secrets_key() -> Iterator[None]:
    """No test makes a key among the person's own configuration."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRISTMILL_SECRETS_KEY", base64.urlsafe_b64encode(os.urandom(32)).decode())
        patch.setenv("GRISTMILL_SECRETS_VAULT", "encrypted")
        yield


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("both_databases") is not None:
        run_on_both(metafunc)


def run_on_both(metafunc: pytest.Metafunc) -> None:
    """The test's control plane has SQLite, and PostgreSQL; with `--database postgresql` that alone."""
    if "control_plane_database" in metafunc.fixturenames:
        kinds = ["sqlite", "postgresql"] if metafunc.config.getoption("--database") == "sqlite" else ["postgresql"]
        metafunc.parametrize("control_plane_database", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def control_plane_database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A PostgreSQL's address; None is SQLite in the home."""
    if getattr(request, "param", request.config.getoption("--database")) == "sqlite":
        yield None
        return
    postgres: Postgres = request.getfixturevalue("postgres_server")
    name = postgres.create(TEMPLATE)
    yield postgres.address(name)
    postgres.drop(name)


@pytest.fixture(scope="module")
def control_plane(
    tmp_path_factory: pytest.TempPathFactory, control_plane_database: str | None
) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("home"), control_plane_database)
    yield plane
    plane.stop()


@pytest.fixture
def client(control_plane: ControlPlane) -> Iterator[Client]:
    with control_plane.client() as client:
        yield client


WriteNotebook = Callable[..., Path]
RunCells = Callable[..., Run]


@pytest.fixture
def notebook(tmp_path: Path) -> WriteNotebook:
    """`notebook("print(1)", "print(2)", parameters="n = 1")` writes one and answers its path."""

    def write(*cells: str, parameters: str | None = None, name: str = "work.ipynb", kernel: str = "python3") -> Path:
        def cell(index: int, source: str, tags: list[str]) -> dict[str, Any]:
            return {
                "cell_type": "code",
                "id": f"cell-{index}",
                "metadata": {"tags": tags},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }

        content = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
            "cells": [
                *([cell(0, parameters, ["parameters"])] if parameters is not None else []),
                *(cell(index, source, []) for index, source in enumerate(cells, start=1)),
            ],
        }
        path = tmp_path / name
        path.write_text(json.dumps(content))
        return path

    return write
