"""Endpoints: a stable URL that serves variants of a model; the desired state is pulled as numbered generations."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gristmill.core.errors import InvalidInputError
from gristmill.core.wire import Strict

ENDPOINT_PROTOCOL = 1
LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # in a pod, whose address is its own
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class EndpointState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


class Tier(StrEnum):
    """How a variant is served: `native` is the unchanged object; `pyfunc` goes through MLflow, in the same process."""

    NATIVE = "native"
    PYFUNC = "pyfunc"


class Answers(StrEnum):
    """What a classifier answers with, where it can do both."""

    LABELS = "labels"
    PROBABILITIES = "probabilities"


class Role(StrEnum):
    LIVE = "live"
    SHADOW = "shadow"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One model version on a profile. `weight` is its share of the traffic in percent.

    `answers` None: with what the model was logged to answer with.
    """

    name: str
    model: str
    version: str
    artifact_path: str
    profile: str
    weight: float = 100.0
    role: Role = Role.LIVE
    answers: Answers | None = None


@dataclass(frozen=True, kw_only=True)
class DeployRequest(Strict):
    """PUT /api/endpoints/{name}."""

    model: str
    version: str
    target: str = "dev"
    profile: str | None = None
    open: bool = False  # serve without an API key (loopback only)
    answers: Answers | None = None  # default: as the model was logged


@dataclass(frozen=True, kw_only=True)
class VariantStatus:
    """What an endpoint says of one variant. `answer` is the prediction for the input example, as JSON.

    `answers` says what the answer is where the model could give another: that is `other_answer` then.
    """

    name: str
    model: str
    version: str
    tier: Tier | None = None
    load_s: float | None = None
    answer: object = None
    answer_ms: float | None = None
    answers: Answers | None = None
    other_answer: object = None
    notes: tuple[str, ...] = ()


class Phase(StrEnum):
    """How far the newest generation is on its way to be served."""

    DOWNLOADING = "downloading"  # the model's files
    LOADING = "loading"  # the model, in a worker of its own
    CHECKING = "checking"  # its answer to its input example


@dataclass(frozen=True, kw_only=True)
class Observed:
    """PUT /api/endpoints/{name}/observed: what the supervisor sees. `generation` is the one that serves now.

    `phase` is that of a generation that is being started, beside the one that serves where there is one.
    """

    generation: int
    state: EndpointState
    message: str | None = None
    hint: str | None = None
    variants: tuple[VariantStatus, ...] = ()
    restarts: int = 0
    failed_generation: int | None = None  # a newer one that did not load; `generation` still serves
    phase: Phase | None = None


@dataclass(frozen=True, kw_only=True)
class DesiredState:
    """GET /api/endpoints/{name}/desired: one generation, whole. Kept on disk beside the models.

    `key_hashes` are hex SHA-256 of the API keys that may call; empty with `open` False means nobody may. A generation
    that `waits` for capacity is not to be started yet, but its keys are in force at once.
    """

    protocol: int
    endpoint: str
    name: str
    generation: int
    host: str
    port: int
    variants: tuple[Variant, ...]
    key_hashes: tuple[str, ...] = ()
    open: bool = False
    cpu: float = 1.0
    waits: bool = False


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """`gateway` is where the control plane passes requests on to it, where `url` leads nowhere from outside.

    `expires_at` is of a try-out, which is no endpoint for anybody to call: see `TryOut`.
    """

    id: str
    project_id: str
    name: str
    target: str
    url: str
    port: int
    generation: int
    open: bool
    state: EndpointState
    variants: tuple[Variant, ...]
    created_by: str
    created_at: datetime
    updated_at: datetime
    observed: Observed | None = None
    waiting: str | None = None
    expires_at: datetime | None = None
    gateway: str | None = None


@dataclass(frozen=True, kw_only=True)
class TryOutRequest(Strict):
    """POST /api/try-outs: how would this version do on this profile?"""

    model: str
    version: str
    profile: str | None = None
    answers: Answers | None = None


@dataclass(frozen=True, kw_only=True)
class TryOut:
    """A model version, loaded and asked its input example where an endpoint would serve it, before one does.

    `state` is `ready` or `failed` once there is an outcome; its processes end then, and what it said stays until
    `expires_at`. `status` is what an endpoint would say of it.
    """

    id: str
    model: str
    version: str
    profile: str
    state: EndpointState
    expires_at: datetime
    waiting: str | None = None
    phase: Phase | None = None
    message: str | None = None
    hint: str | None = None
    status: VariantStatus | None = None


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who called with one API key; `name` and `created_by` are None where the key was revoked since."""

    key: str
    requests: int
    last_at: datetime
    name: str | None = None
    created_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What the serving worker has counted since its start: predictions alone, no health checks.

    `refused` were the caller's fault (4xx), `failed` the endpoint's (5xx). `counts` are of requests by seconds: one
    for each of `bounds`, up to and with it, and one above them all. Two of these make a rate; where `requests` became
    less, another worker answers.
    """

    time: datetime
    generation: int
    requests: int
    refused: int
    failed: int
    in_flight: int
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    callers: tuple[Caller, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EndpointLog:
    """The end of what the endpoint's processes wrote."""

    text: str


@dataclass(frozen=True, kw_only=True)
class KeyRequest(Strict):
    """POST /api/endpoints/{name}/keys. `name` says what the key is for; one endpoint has it once."""

    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class EndpointKey:
    """A new API key. It is shown this once; only its hash is kept."""

    endpoint: str
    key: str = field(repr=False)
    id: str = ""
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeyEntry:
    """An API key as it is listed: all but the key."""

    id: str
    endpoint: str
    name: str | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a new endpoint is to listen, and where it is reached."""

    port: int
    url: str


def loopback_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


KEY = "gm_e_"  # what an API key begins with


def key_hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def key_id(hashed: str) -> str:
    """What a key is called where it must not be shown: the beginning of its hash gives nothing of it away."""
    return f"key_{hashed[:16]}"


def last_lines(log: str, most: int = 10) -> str:
    """The end of a log, short enough for the message of a failure."""
    lines = [line.rstrip()[:500] for line in log.splitlines() if line.strip()]
    return "\n".join(lines[-most:])


def check_name(name: str) -> str:
    """`name`, if it can be part of a host name and a path (RFC 1123 label).

    Raises:
        InvalidInputError: otherwise.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"endpoint name {name!r} is not allowed: expected 1 to 63 of a-z, 0-9 and '-', not at the ends",
            hint=f"For example: {re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')[:63] or 'churn'}",
        )
    return name
