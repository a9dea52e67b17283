"""An MLflow server that is not ours: named by `GRISTMILL_MLFLOW_URL`, looked at now and then, never started or ended.

Its credentials are the control plane's alone: runs reach it through the proxy, with tokens of Gristmill's own.
"""

import re
import ssl
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from gristmill.core.clock import Clock
from gristmill.core.errors import InvalidInputError
from gristmill.core.settings import Settings
from gristmill.tracking.address import MlflowAddress
from gristmill.tracking.model import ARTIFACT_ROOT, WORKSPACES, Health, TrackingState
from gristmill.tracking.server import MlflowServer
from gristmill.tracking.workspaces import NoWorkspaces, WorkspacePerProject

# Logged models are entities of their own since 3.0; 4 may change what the allow-list was held against.
OLDEST, TOO_NEW = (3, 0), (4,)
READY_PAUSE, AWAY_PAUSE = 15.0, 2.0  # seconds between two looks
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_ARTIFACTS_HINT = "start that server with --artifacts-destination, and --default-artifact-root mlflow-artifacts:/"

Probe = Callable[[], tuple[TrackingState, str | None]]


class ExistingMlflow(MlflowServer):
    """Requests to it are refused, with the reason, while it is of a version that this program does not know."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        url = check_url(settings.mlflow_url or "")
        self.address = MlflowAddress(
            base_url=url,
            name=url,
            authorization=_authorization(settings),
            authorities=ssl.create_default_context() if url.startswith("https:") else None,
            reason=lambda: self._state.reason,
            refused=lambda: self._refused,
        )
        self.workspaces = WorkspacePerProject(self.address) if settings.mlflow_workspaces else NoWorkspaces()
        self._clock = clock
        self._refused: str | None = None
        self._due = 0.0
        self._looking = threading.Lock()
        self._state = TrackingState(health=Health.STARTING, since=clock.now(), reason=f"{url} was not asked yet")

    @property
    def state(self) -> TrackingState:
        return self._state

    def ensure(self) -> TrackingState:
        """It is asked in a thread: a server far away may take its time."""
        if self._clock.monotonic() >= self._due and self._looking.acquire(blocking=False):
            threading.Thread(target=self._look, name="mlflow-probe", daemon=True).start()
        return self._state

    def look(self) -> TrackingState:
        """Asks it now."""
        with self._looking:
            self._ask()
        return self._state

    def stop(self, grace: float = 10.0) -> None:
        """It is not ours to end."""

    def _look(self) -> None:
        try:
            self._ask()
        finally:
            self._looking.release()

    def _ask(self) -> None:
        version, reason, refused, notice = None, None, None, None
        try:
            with self.address.probe(_TIMEOUT) as client:
                version, reason = _version(client)
                refused = _refusal(version) if version else None
                notice = None if reason or refused else _artifacts(client)
        except httpx.HTTPError as error:
            reason = f"MLflow at {self.address.base_url} does not answer: {str(error) or type(error).__name__}"
        self._refused = f"MLflow at {self.address.base_url} {refused}" if refused else None
        self._become(reason or self._refused, version, notice)
        self._due = self._clock.monotonic() + (READY_PAUSE if self._state.ready else AWAY_PAUSE)

    def _become(self, reason: str | None, version: str | None, notice: str | None) -> None:
        health = Health.AWAY if reason else Health.READY
        since = self._state.since if health is self._state.health else self._clock.now()
        self._state = TrackingState(health=health, since=since, reason=reason, version=version, notice=notice)


def check_url(url: str) -> str:
    """`url` without a slash at its end.

    Raises:
        InvalidInputError: it is none of a web server, or holds what should stay secret or is not part of a place.
    """
    parts = urlsplit(url.strip())
    expected = "expected one as https://mlflow.example.org/base"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInputError(f"GRISTMILL_MLFLOW_URL is no URL of a web server: {expected}")
    if parts.username is not None or parts.password is not None:
        raise InvalidInputError(
            "GRISTMILL_MLFLOW_URL holds credentials, which would show wherever the URL does",
            hint="Put them in GRISTMILL_MLFLOW_USERNAME and GRISTMILL_MLFLOW_PASSWORD, or in GRISTMILL_MLFLOW_TOKEN.",
        )
    if parts.query or parts.fragment:
        raise InvalidInputError(f"GRISTMILL_MLFLOW_URL has a query or a fragment: {expected}")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _authorization(settings: Settings) -> str | None:
    if settings.mlflow_token and (settings.mlflow_username or settings.mlflow_password):
        raise InvalidInputError("GRISTMILL_MLFLOW_TOKEN and GRISTMILL_MLFLOW_USERNAME are both set: expected one")
    if bool(settings.mlflow_username) is not bool(settings.mlflow_password):
        raise InvalidInputError("of GRISTMILL_MLFLOW_USERNAME and GRISTMILL_MLFLOW_PASSWORD one is set: expected both")
    if settings.mlflow_token:
        return f"Bearer {settings.mlflow_token}"
    if settings.mlflow_username and settings.mlflow_password:
        request = httpx.Request("GET", "http://localhost")
        next(httpx.BasicAuth(settings.mlflow_username, settings.mlflow_password).auth_flow(request))
        return request.headers["authorization"]
    return None


def _version(client: httpx.Client) -> tuple[str | None, str | None]:
    """What it says it is, or why that is not known."""
    answer, where = client.get("/version"), f"MLflow at {client.base_url}"
    if answer.status_code in {401, 403}:
        what = "GRISTMILL_MLFLOW_TOKEN, or GRISTMILL_MLFLOW_USERNAME and GRISTMILL_MLFLOW_PASSWORD"
        return None, f"{where} refuses the control plane's credentials ({answer.status_code}): set {what}"
    if answer.status_code >= 500:
        return None, f"{where} answered {answer.status_code}"
    text = answer.text.strip()
    if not answer.is_success or not re.match(r"\d+\.\d+", text):
        return None, f"there is no MLflow at {client.base_url}: its version/ answered {answer.status_code}"
    return text[:40], None


def _refusal(version: str) -> str | None:
    major, minor = (int(part) for part in version.split(".")[:2] if part.isdigit())
    if (major, minor) < OLDEST:
        return f"is version {version}: {OLDEST[0]}.{OLDEST[1]} is the oldest that is supported; upgrade it"
    if (major,) >= TOO_NEW:
        return f"is version {version}: this Gristmill knows none from {TOO_NEW[0]} on; upgrade Gristmill"
    return None


def _artifacts(client: httpx.Client) -> str | None:
    """What is to be said of where new artifacts go: by the experiment that was made last."""
    body = {"max_results": 1, "order_by": ["creation_time DESC"]}
    answer = client.post("/api/2.0/mlflow/experiments/search", json=body)
    found = answer.json().get("experiments", []) if answer.is_success else []
    location, experiment = (found[0].get("artifact_location", ""), found[0].get("experiment_id")) if found else ("", "")
    at_root = rf"{re.escape(ARTIFACT_ROOT)}({WORKSPACES}/[^/]+/)?{re.escape(experiment)}"
    if not location or re.fullmatch(at_root, location):
        return None
    if location.startswith("mlflow-artifacts:"):
        return (
            f"runs cannot write artifacts: they would lie below {location}, which is not at the root: {_ARTIFACTS_HINT}"
        )
    scheme = location.partition(":")[0] if ":/" in location else "a folder"
    return (
        f"artifacts do not go through MLflow but to {scheme}: notebooks need credentials of their own for it, "
        f"and models cannot be deployed; {_ARTIFACTS_HINT}"
    )
