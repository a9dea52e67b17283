"""The client: what a script or a notebook uses to run, register, deploy and ask."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from gristmill.client import api
from gristmill.client.call import Call
from gristmill.client.credentials import Credentials, from_environment
from gristmill.client.pack import Packed, pack
from gristmill.client.start import ensure_local
from gristmill.client.transports import SyncTransport
from gristmill.core.errors import GristmillError, InvalidInputError, UnavailableError
from gristmill.core.settings import Settings, read_settings
from gristmill.core.wire import Event
from gristmill.endpoints.model import DeployRequest, Endpoint, EndpointState
from gristmill.models.model import ModelVersion, RegisterRequest
from gristmill.runs.model import Run, RunRequest
from gristmill.snapshots.model import Snapshot

T = TypeVar("T")


class Client:
    """A client of the control plane that the environment names; else of this machine's own, started on demand.

    Example::

        with Client() as client:
            run = client.wait(client.run("train.ipynb", {"max_depth": 4}))
            version = client.register("churn", run)
            endpoint = client.deploy("churn", version)
    """

    def __init__(self, credentials: Credentials | None = None, *, settings: Settings | None = None) -> None:
        settings = settings or read_settings()
        found = credentials or from_environment(settings) or ensure_local(settings)
        self.transport = SyncTransport(found)
        self.settings = settings

    @property
    def url(self) -> str:
        return self.transport.credentials.url

    def send(self, request: Call[T]) -> T:
        """The answer to any call of `gristmill.client.api`."""
        return self.transport.send(request)

    def run(
        self,
        notebook: str | Path,
        parameters: Mapping[str, Any] | None = None,
        *,
        profile: str | None = None,
        kernel: str | None = None,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        priority: int = 0,
        timeout_s: float | None = None,
        retries: int = 0,
    ) -> Run:
        """A new run of this notebook as it stands now on disk; it is queued when this returns."""
        snapshot = self.send_snapshot(pack(Path(notebook)))
        request = RunRequest(
            snapshot=snapshot.id,
            parameters=dict(parameters or {}),
            profile=profile,
            kernel=kernel,
            name=name,
            labels=dict(labels or {}),
            priority=priority,
            timeout_s=timeout_s,
            retries=retries,
        )
        return self.send(api.create_run(request))

    def send_snapshot(self, packed: Packed) -> Snapshot:
        """The snapshot; only blobs that the control plane lacks travel."""
        wanted = {file.digest for file in packed.request.files}
        if packed.request.git is not None and packed.request.git.diff is not None:
            wanted.add(packed.request.git.diff)
        for digest in self.send(api.missing_blobs(sorted(wanted))).digests:
            self.send(api.put_blob(digest, packed.read(digest)))
        return self.send(api.create_snapshot(packed.request))

    def follow(self, run: Run, after: int = 0) -> Iterator[Event]:
        """The run's events from behind `after` on, until it is over; a broken connection is resumed."""
        cursor, failures = after, 0
        while True:
            try:
                for event in self.transport.stream(run=run.id, after=cursor):
                    cursor, failures = event.seq, 0
                    yield event
                    if _ends_run(event):
                        return
            except UnavailableError:
                failures += 1
                if failures > 10:
                    raise
                # The control plane may have been restarted; starting it again is what any command does.
                self._reconnect()
            if self.send(api.get_run(run.id)).run.state.final and not self._more(run, cursor):
                return

    def wait(self, run: Run, on_event: Callable[[Event], None] | None = None) -> Run:
        """The run once it is over, however it ended."""
        for event in self.follow(run):
            if on_event is not None:
                on_event(event)
        return self.send(api.get_run(run.id)).run

    def register(self, name: str, run: Run | str, *, model: str | None = None) -> ModelVersion:
        """A new version of the registered model `name`, of the model that this run logged."""
        key = run if isinstance(run, str) else run.id
        return self.send(api.register_model(name, RegisterRequest(run=key, model=model)))

    def deploy(
        self,
        endpoint: str,
        version: ModelVersion | str,
        *,
        profile: str | None = None,
        open: bool = False,  # noqa: A002
    ) -> Endpoint:
        """The endpoint, once it serves this version (`name/number` or a version).

        Raises:
            GristmillError: the version did not load; what served before still serves.
        """
        if isinstance(version, str):
            model, separator, number = version.rpartition("/")
            if not separator:
                raise InvalidInputError(f"model version {version!r} is not valid: expected MODEL/VERSION, as churn/3")
        else:
            model, number = version.name, version.version
        request = DeployRequest(model=model, version=number, profile=profile, open=open)
        return self.wait_for_endpoint(self.send(api.deploy(endpoint, request)))

    def wait_for_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint, once it serves at least this generation."""
        cursor = 0
        wanted = endpoint.generation
        while True:
            page = self.send(api.list_events(after=cursor))
            cursor = page.next
            current = self.send(api.get_endpoint(endpoint.name))
            seen = current.observed
            if seen is not None and seen.generation >= wanted and seen.state is EndpointState.READY:
                return current
            failed = seen is not None and (
                (seen.failed_generation or 0) >= wanted
                or (seen.state is EndpointState.FAILED and seen.generation >= wanted)
            )
            if failed and seen is not None:
                raise GristmillError(seen.message or f"endpoint {endpoint.name} failed to start", hint=seen.hint)
            for event in self.transport.stream(after=cursor):
                cursor = event.seq
                if event.subject == endpoint.id:
                    break

    def close(self) -> None:
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _reconnect(self) -> None:
        if self.transport.credentials.local:
            found = ensure_local(self.settings)
            self.transport.close()
            self.transport = SyncTransport(found)

    def _more(self, run: Run, cursor: int) -> bool:
        return bool(self.send(api.list_run_events(run.id, after=cursor, limit=1)).events)


def _ends_run(event: Event) -> bool:
    return event.kind in {"run.succeeded", "run.failed", "run.cancelled"}
