"""Wire types of what belongs to no single word: events, the audit log's verdict, the control plane itself."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar


class Strict:
    """What a caller sends: a field that is not known is an error, not passed over. Pydantic reads this attribute."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True)
class Event:
    """`seq` counts over all events in the order of their commits; `n` over those of one attempt's worker."""

    seq: int
    project_id: str
    time: datetime
    kind: str
    subject: str
    attempt: str | None = None
    n: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EventPage:
    """`next` is the cursor to read on from; `reset` says that what lay behind the given cursor is gone."""

    events: tuple[Event, ...]
    next: int
    reset: bool = False


@dataclass(frozen=True, kw_only=True)
class AuditVerdict:
    """`broken_at` is the first entry that does not follow from the ones before it; None: the chain is whole."""

    entries: int
    head: str
    broken_at: int | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What one round of garbage collection has removed so far, or with `dry_run` would remove; sizes in bytes.

    `blobs` are those that nothing refers to, `folders` are those of attempts that are over.
    """

    running: bool
    dry_run: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    blobs: int = 0
    bytes: int = 0
    snapshots: int = 0
    events: int = 0
    tokens: int = 0
    folders: int = 0
    failed: str | None = None


@dataclass(frozen=True, kw_only=True)
class CollectionRequest(Strict):
    """POST /api/collection."""

    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A link for a browser, good once and for 60 seconds."""

    url: str


@dataclass(frozen=True, kw_only=True)
class ServerStatus:
    """`resident` is the control plane's own memory in bytes; `endpoints` and `runs` name what is up, `kernels` the
    failed runs whose kernels are kept.
    """

    version: str
    instance: str
    pid: int
    url: str
    home: str
    started_at: datetime
    resident: int
    leading: bool
    tracking: str  # ready, starting or away
    tracking_reason: str | None = None
    tracking_server: str | None = None  # the URL of an existing MLflow server; None: our own
    tracking_version: str | None = None
    tracking_notice: str | None = None  # what does not work with it
    unisolated: bool = False  # several people's notebooks run as processes of one user
    runs: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()


PROJECT_HEADER = "Gristmill-Project"  # in which of a person's projects a request is meant
FINGERPRINT_LENGTH = 16  # hex digits of a token's SHA-256, which name it and tell nothing of use about it


@dataclass(frozen=True, kw_only=True)
class InstanceProof:
    """`proof` is the HMAC-SHA-256 of the challenge under the port file's secret.

    `token_proof` is that of `<challenge> <the control plane's URL>` under the SHA-256 (as hex) of the token whose
    fingerprint was given: for processes that have a token and may not read the port file.
    """

    instance: str
    version: str
    proof: str
    token_proof: str | None = None


@dataclass(frozen=True, kw_only=True)
class PortFile:
    """`<home>/server.json`, 0600: where the living control plane is, and how to make sure that it is the one."""

    url: str
    token: str = field(repr=False)
    pid: int
    instance: str
    secret: str = field(repr=False)
    version: str
