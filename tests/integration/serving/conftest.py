"""A supervisor process with real workers, and the control plane that it talks to."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from gristmill.endpoints.model import DesiredState, EndpointState, Observed, Variant
from tests.ports import free_port
from tests.processes import lives
from tests.serving_kit.control_plane import TOKEN, EndpointControlPlane
from tests.serving_kit.endpoint import desired, variant
from tests.serving_kit.store import Models, model_store
from tests.waiting import until


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return model_store(tmp_path_factory.mktemp("models"))


class Endpoint:
    """One endpoint: what is desired of it, its supervisor's process, its URL."""

    def __init__(self, control_plane: EndpointControlPlane, models: Models, folder: Path) -> None:
        self.control_plane = control_plane
        self.folder = folder
        self.port = free_port()
        self._models = models
        self._supervisors: list[psutil.Popen] = []
        self._generation = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address_file(self) -> Path:
        return self.folder.parent / "address"

    def variant(self, kind: str, **changes: Any) -> Variant:
        """A variant that serves the model of that kind, whose files the control plane has."""
        fields = {"model": kind, "version": "1", "artifact_path": f"1/models/{kind}/artifacts", **changes}
        self.control_plane.artifacts.setdefault(fields["artifact_path"], self._models(kind))
        return variant(**fields)

    def desire(self, kind: str, *, changes: dict[str, Any] | None = None, **variant_changes: Any) -> DesiredState:
        """The next generation: the control plane names it from now on."""
        self._generation += 1
        fields = {
            "generation": self._generation,
            "port": self.port,
            "variants": (self.variant(kind, **variant_changes),),
            **(changes or {}),
        }
        self.control_plane.desired = desired(**fields)
        return self.control_plane.desired

    def start(self, *, alone: bool = False) -> psutil.Popen:
        """The supervisor's process; `alone`, it knows of no control plane."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.control_plane.reports.clear()
        read_end, write_end = os.pipe()
        os.write(write_end, TOKEN.encode())
        os.close(write_end)
        where = [] if alone else ["--url", self.control_plane.url, "--token-fd", str(read_end)]
        where += ["--address-file", str(self.address_file)]
        command = [sys.executable, "-m", "gristmill.serving", "--endpoint", "churn", "--dir", str(self.folder), *where]
        with (self.folder.parent / "supervisor.log").open("ab") as log:
            supervisor = psutil.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(read_end,), start_new_session=True
            )
        os.close(read_end)
        self._supervisors.append(supervisor)
        return supervisor

    @property
    def supervisor(self) -> psutil.Popen:
        return self._supervisors[-1]

    @property
    def log(self) -> str:
        return (self.folder.parent / "supervisor.log").read_text()

    def workers(self) -> list[psutil.Process]:
        return [child for child in self.supervisor.children() if lives(child)]

    def reported(self, **expected: Any) -> Observed:
        """Waits for a report in which these fields are so."""

        def found() -> Observed | None:
            observed = self.control_plane.observed
            fits = observed and all(getattr(observed, name) == value for name, value in expected.items())
            return observed if fits else None

        try:
            observed = until(found, 90, f"a report of {expected}")
        except AssertionError as error:
            raise AssertionError(f"{error}; the last: {self.control_plane.observed}\n{self.log}") from None
        assert observed
        return observed

    def ready(self, generation: int | None = None) -> Observed:
        return self.reported(generation=generation or self._generation, state=EndpointState.READY)

    def ask(self, body: Any, path: str = "/invocations", **options: Any) -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.post(f"{self.url}{path}", json=body, **options)

    def get(self, path: str) -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.get(f"{self.url}{path}")

    def end(self) -> None:
        for supervisor in self._supervisors:
            with suppress(psutil.NoSuchProcess):
                family = [supervisor, *supervisor.children(recursive=True)]
                for process in family:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
            supervisor.wait(30)


@pytest.fixture
def control_plane() -> Iterator[EndpointControlPlane]:
    double = EndpointControlPlane()
    double.start()
    yield double
    double.stop()


@pytest.fixture
def endpoint(control_plane: EndpointControlPlane, models: Models, tmp_path: Path) -> Iterator[Endpoint]:
    made = Endpoint(control_plane, models, tmp_path / "endpoint")
    yield made
    made.end()
