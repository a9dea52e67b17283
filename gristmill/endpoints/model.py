"""Endpoints: a stable URL that serves variants of a model; the desired state is pulled as numbered generations."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gristmill.core.errors import InvalidInputError
from gristmill.core.wire import Strict

ENDPOINT_PROTOCOL = 1
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


class Role(StrEnum):
    LIVE = "live"
    SHADOW = "shadow"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One model version on a profile. `weight` is its share of the traffic in percent."""

    name: str
    model: str
    version: str
    artifact_path: str
    profile: str
    weight: float = 100.0
    role: Role = Role.LIVE


@dataclass(frozen=True, kw_only=True)
class DeployRequest(Strict):
    """PUT /api/endpoints/{name}."""

    model: str
    version: str
    target: str = "dev"
    profile: str | None = None
    open: bool = False  # serve without an API key (loopback only)


@dataclass(frozen=True, kw_only=True)
class VariantStatus:
    """What an endpoint says of one variant. `answer` is the prediction for the input example, as JSON."""

    name: str
    model: str
    version: str
    tier: Tier | None = None
    load_s: float | None = None
    answer: object = None
    answer_ms: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Observed:
    """PUT /api/endpoints/{name}/observed: what the supervisor sees. `generation` is the one that serves now."""

    generation: int
    state: EndpointState
    message: str | None = None
    hint: str | None = None
    variants: tuple[VariantStatus, ...] = ()
    restarts: int = 0
    failed_generation: int | None = None  # a newer one that did not load; `generation` still serves


@dataclass(frozen=True, kw_only=True)
class DesiredState:
    """GET /api/endpoints/{name}/desired: one generation, whole. Kept on disk beside the models.

    `key_hashes` are hex SHA-256 of the API keys that may call; empty with `open` False means nobody may.
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


@dataclass(frozen=True, kw_only=True)
class Endpoint:
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


@dataclass(frozen=True, kw_only=True)
class EndpointKey:
    """A new API key. It is shown this once; only its hash is kept."""

    endpoint: str
    key: str


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
