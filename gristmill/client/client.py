"""The client: what a script or a notebook uses to run, register, deploy and ask."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from gristmill.client import api
from gristmill.client.call import Call
from gristmill.client.credentials import Credentials, from_environment
from gristmill.client.keys import KeyStore
from gristmill.client.start import ensure_local
from gristmill.client.transports import SyncTransport
from gristmill.core.errors import GristmillError, InvalidInputError, NotFoundError, UnavailableError
from gristmill.core.settings import Settings, read_settings
from gristmill.core.small_blobs import SmallBlob, SmallBlobs, travel_together
from gristmill.core.wire import Event
from gristmill.endpoints.model import Answers, DeployRequest, Endpoint, EndpointKey, EndpointState, KeyRequest
from gristmill.models.model import ModelVersion, RegisterRequest
from gristmill.runs.model import Run, RunRequest
from gristmill.secrets.model import SecretGrant
from gristmill.snapshots.model import Snapshot

if TYPE_CHECKING:
    from gristmill.client.pack import Packed
    from gristmill.client.predictor import Predictor

T = TypeVar("T")

PATIENCE = 60.0  # seconds that a control plane may be away before who follows something gives up
POLL = 0.1
SERVE_PATIENCE = 600.0  # seconds; large models load for minutes, and what waits for capacity may wait for ever


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
        self.keys = KeyStore(settings.home / "keys")

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
        secrets: Iterable[SecretGrant | str] = (),
        profile: str | None = None,
        kernel: str | None = None,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        priority: int = 0,
        timeout_s: float | None = None,
        retries: int = 0,
        data: Mapping[str, str | Path] | None = None,
        environment: str | None = None,
        post_mortem_s: float | None = None,
    ) -> Run:
        """A new run of this notebook as it stands now on disk; it is queued when this returns.

        `secrets` are granted by name; as a `SecretGrant` with `env` as an environment variable too. The
        run finds the project's data roots in their places; `data` names more of them, or others, for this run alone.
        `environment` is the name of one; default: the kernelspec's own. What the notebook surely imports and the run
        would lack is an InvalidInputError, before anything is sent. Where it fails in a cell its kernel is kept for
        `post_mortem_s` seconds.
        """
        from gristmill.client.data_roots import of_project
        from gristmill.client.environments import check
        from gristmill.client.pack import pack  # only who runs something packs: every command starts the sooner

        _, bound = of_project(self, Path(notebook), [f"{name}={source}" for name, source in (data or {}).items()])
        places = [one.at for one in bound]
        with pack(Path(notebook), data=places) as packed:
            check(self, packed, kernel=kernel, environment=environment, data=places)
            snapshot = self.send_snapshot(packed)
        request = RunRequest(
            snapshot=snapshot.id,
            parameters=dict(parameters or {}),
            secrets=tuple(SecretGrant(name=one) if isinstance(one, str) else one for one in secrets),
            profile=profile,
            kernel=kernel,
            name=name,
            labels=dict(labels or {}),
            priority=priority,
            timeout_s=timeout_s,
            retries=retries,
            data=bound,
            environment=environment,
            post_mortem_s=post_mortem_s,
        )
        return self.send(api.create_run(request))

    def send_snapshot(self, packed: "Packed") -> Snapshot:
        """The snapshot; only blobs that the control plane lacks travel."""
        wanted = {file.digest: file.size for file in packed.request.files}
        diff = packed.request.git.diff if packed.request.git is not None else None
        if diff is not None:
            wanted[diff] = len(packed.read(diff))
        missing = self.send(api.missing_blobs(sorted(wanted))).digests
        groups = travel_together((digest, wanted[digest]) for digest in missing)
        try:
            for group in groups:
                blobs = tuple(SmallBlob.of(digest, packed.read(digest)) for digest in group)
                self.send(api.put_small_blobs(SmallBlobs(blobs=blobs)))
        except NotFoundError:  # an older control plane takes each alone
            groups = []
        for digest in sorted(set(missing).difference(*groups)):
            self.send(api.put_blob(digest, packed.read(digest)))
        return self.send(api.create_snapshot(packed.request))

    def follow(self, run: Run, after: int = 0) -> Iterator[Event]:
        """The run's events from behind `after` on, until it is over; a broken connection is resumed.

        Raises:
            UnavailableError: the control plane was away for a minute.
        """
        cursor = after
        patience = _Patience()
        # A run that is not over, seen from its first event on, ends with an event: no question is asked for that.
        certain = after == 0 and not run.state.final
        while True:
            try:
                over = not certain and self._is_over(run, cursor)
                patience.renew()
                if over:
                    return
                certain = False
                for event in self.transport.stream(run=run.id, after=cursor):
                    cursor = event.seq
                    yield event
                    if _ends_run(event) or (event.kind == "reset" and self._is_over(run, cursor)):
                        return
            except UnavailableError as error:
                certain = False
                patience.use(error)
                self._reconnect()

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
        open: bool = False,  # noqa: A002  # the word of the command line and of the API
        answers: Answers | None = None,
        timeout: float | None = SERVE_PATIENCE,
    ) -> Endpoint:
        """The endpoint, once it serves this version (`name/number` or a version).

        Raises:
            GristmillError: the version did not load; what served before still serves.
            UnavailableError: it does not serve after `timeout` seconds; the message says what it waits for. It stays
                deployed, and serves as soon as it can.
        """
        if isinstance(version, str):
            model, separator, number = version.rpartition("/")
            if not separator:
                raise InvalidInputError(f"model version {version!r} is not valid: expected MODEL/VERSION, as churn/3")
        else:
            model, number = version.name, version.version
        request = DeployRequest(model=model, version=number, profile=profile, open=open, answers=answers)
        deployed = self.send(api.deploy(endpoint, request))
        return self.wait_for_endpoint(self.ensure_key(deployed), timeout=timeout)

    def predictor(self, endpoint: str) -> "Predictor":
        """What asks this endpoint, with a key of this person's."""
        from gristmill.client.predictor import Predictor

        found = self.send(api.get_endpoint(endpoint))
        return Predictor(found.url, None if found.open else self.key(found))

    def input_example(self, endpoint: str) -> dict[str, Any] | None:
        """A request that the endpoint's model was logged with; None where it was logged without."""
        variant = self.send(api.get_endpoint(endpoint)).variants[0]
        self.wait_for_tracking()
        return self.send(api.get_model_version(variant.model, variant.version)).input_example

    def wait_for_tracking(self, told: Callable[[], object] = lambda: None) -> None:
        """Returns when MLflow answers, or has had a minute for its start; `told` is called once if it is waited for."""
        deadline, waits = time.monotonic() + PATIENCE, False
        while self.send(api.status()).tracking != "ready" and time.monotonic() < deadline:
            if not waits:
                told()
                waits = True
            time.sleep(POLL)

    def key(self, endpoint: Endpoint) -> str:
        """This person's API key for the endpoint, which knows it by now. One is issued where none is kept."""
        if kept := self.keys.find(endpoint):
            return kept
        current, issued = self._own_key(endpoint)
        self.wait_for_endpoint(current)
        return issued.key

    def ensure_key(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint in the generation from which on a kept key is good; an open one needs none."""
        return endpoint if endpoint.open or self.keys.find(endpoint) else self.new_key(endpoint)

    def new_key(self, endpoint: Endpoint) -> Endpoint:
        """Issues a key and keeps it; the endpoint in the generation that knows it."""
        return self._own_key(endpoint)[0]

    def create_key(self, endpoint: str, name: str | None = None) -> EndpointKey:
        """Another API key, for somebody else: it is not kept here. The endpoint knows it by now."""
        current, issued = self._issue_key(endpoint, name)
        self.wait_for_endpoint(current)
        return issued

    def revoke_key(self, endpoint: str, key: str) -> Endpoint:
        """Revokes the key of this id or name, and forgets it if it is the kept one. The endpoint refuses it by now."""
        known = self.send(api.list_endpoint_keys(endpoint))
        ids = [one.id for one in known if one.id == key] or [one.id for one in known if one.name == key]
        current = self.send(
            api.revoke_endpoint_key(endpoint, ids[0] if ids else key)
        )  # an unknown one is refused there
        self.keys.forget_revoked(current, *ids)
        return self.wait_for_endpoint(current)

    def _own_key(self, endpoint: Endpoint) -> tuple[Endpoint, EndpointKey]:
        current, issued = self._issue_key(endpoint.name)
        self.keys.keep(current, issued.key)
        return current, issued

    def _issue_key(self, endpoint: str, name: str | None = None) -> tuple[Endpoint, EndpointKey]:
        """A new key, and the endpoint that it is of: one that was deleted and made anew meanwhile has another id."""
        issued = self.send(api.issue_endpoint_key(endpoint, KeyRequest(name=name)))
        return self.send(api.get_endpoint(endpoint)), issued

    def wait_for_endpoint(self, endpoint: Endpoint, *, timeout: float | None = SERVE_PATIENCE) -> Endpoint:
        """The endpoint, once it serves at least this generation; raises as `watch_endpoint` does."""
        for current in self.watch_endpoint(endpoint, timeout=timeout):
            endpoint = current
        return endpoint

    def watch_endpoint(self, endpoint: Endpoint, *, timeout: float | None = SERVE_PATIENCE) -> Iterator[Endpoint]:
        """The endpoint whenever it has changed, until it serves at least the generation that it has now.

        Raises:
            GristmillError: that generation did not load; what served before still serves.
            UnavailableError: the control plane was away for a minute, or the endpoint does not serve after `timeout`
                seconds; None waits for ever.
        """
        wanted, seen = endpoint.generation, None
        deadline = None if timeout is None else time.monotonic() + timeout
        patience = _Patience()
        while True:
            try:
                current = self.send(api.get_endpoint(endpoint.name))
                patience.renew()
            except UnavailableError as error:
                patience.use(error)
                self._reconnect()
                continue
            if current != seen:
                yield current
                seen = current
            if _serves(current, wanted):
                return
            if deadline is not None and time.monotonic() >= deadline:
                raise _too_late(current, timeout or 0.0)
            time.sleep(POLL)

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

    def _is_over(self, run: Run, cursor: int) -> bool:
        """Whether the run has ended and all of its events were seen."""
        over = self.send(api.get_run(run.id)).run.state.final
        return over and not self.send(api.list_run_events(run.id, after=cursor, limit=1)).events


class _Patience:
    """Waits longer from one failure to the next, and not for ever."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """It answered."""
        self._failures = 0
        self._since = 0.0

    def use(self, error: UnavailableError) -> None:
        """Returns when it is time to try again; raises `error` when it was tried for long enough."""
        now = time.monotonic()
        self._since = self._since if self._failures else now
        if now - self._since > PATIENCE:
            raise error
        time.sleep(min(0.05 * 2**self._failures, 2.0))
        self._failures += 1


def _ends_run(event: Event) -> bool:
    return event.kind in {"run.succeeded", "run.failed", "run.cancelled"}


def _serves(endpoint: Endpoint, generation: int) -> bool:
    """Whether this generation serves.

    Raises:
        GristmillError: it never will.
    """
    seen = endpoint.observed
    if seen is None:
        return False
    failed = (seen.failed_generation or 0) >= generation
    if failed or (seen.state is EndpointState.FAILED and seen.generation >= generation):
        raise GristmillError(seen.message or f"endpoint {endpoint.name} failed to start", hint=seen.hint)
    return seen.state is EndpointState.READY and seen.generation >= generation


def _too_late(endpoint: Endpoint, timeout: float) -> UnavailableError:
    seen = endpoint.observed
    doing = f"it is {seen.phase.value}" if seen and seen.phase else f"it is {endpoint.state.value}"
    return UnavailableError(
        f"endpoint {endpoint.name} does not serve generation {endpoint.generation} after {timeout:g} s: "
        f"{endpoint.waiting or (seen and seen.message) or doing}",
        hint=f"It stays deployed and serves as soon as it can: `gristmill endpoints show {endpoint.name}`.",
    )
