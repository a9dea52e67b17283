"""Who is asking, and what they may do."""

from dataclasses import dataclass, field
from enum import StrEnum

from gristmill.core.errors import ForbiddenError


class Scope(StrEnum):
    """One permission. Every route names the one that it needs."""

    READ = "read"
    PROFILES_READ = "profiles:read"  # part of `read`, for who needs no more: what is free of each
    RUNS_WRITE = "runs:write"
    MODELS_WRITE = "models:write"
    ENDPOINTS_WRITE = "endpoints:write"
    ENDPOINTS_CALL = "endpoints:call"  # part of `endpoints:write`, for who needs no more: ask them by the gateway
    SECRETS_READ = "secrets:read"  # their names; values are told to the runs that they are granted to
    SECRETS_WRITE = "secrets:write"
    BLOBS_WRITE = "blobs:write"
    BLOBS_READ = "blobs:read"
    TRACKING_READ = "tracking:read"
    TRACKING_WRITE = "tracking:write"
    ATTEMPT = "attempt"  # claim, events and blobs of one attempt
    ENDPOINT = "endpoint"  # desired and observed state, and the model files, of one endpoint
    ADMIN = "admin"  # tokens, audit, stopping the server


# Who has the second has the first.
PART_OF = {Scope.PROFILES_READ: Scope.READ, Scope.ENDPOINTS_CALL: Scope.ENDPOINTS_WRITE}

HUB_PREFIX = "custom:gristmill:"  # what a JupyterHub calls these scopes


class ActorKind(StrEnum):
    PERSON = "person"
    SERVICE = "service"
    WORKER = "worker"
    KERNEL = "kernel"
    SUPERVISOR = "supervisor"


class Role(StrEnum):
    """What a person is to a platform; `ROLES` says which scopes that comes to."""

    VIEWER = "viewer"
    DATA_SCIENTIST = "data-scientist"
    APPROVER = "approver"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


PERSON_SCOPES = frozenset(Scope) - {Scope.ATTEMPT, Scope.ENDPOINT}
_LOOKS = frozenset({Scope.READ, Scope.PROFILES_READ, Scope.BLOBS_READ, Scope.TRACKING_READ})
ROLES = {
    Role.VIEWER: _LOOKS,
    Role.DATA_SCIENTIST: PERSON_SCOPES - {Scope.ADMIN},
    Role.APPROVER: _LOOKS | {Scope.MODELS_WRITE},
    Role.OPERATOR: _LOOKS | {Scope.ENDPOINTS_WRITE, Scope.ENDPOINTS_CALL, Scope.SECRETS_READ},
    Role.ADMINISTRATOR: PERSON_SCOPES,
}
WORKER_SCOPES = frozenset(
    {Scope.ATTEMPT, Scope.BLOBS_READ, Scope.BLOBS_WRITE, Scope.TRACKING_READ, Scope.TRACKING_WRITE}
)
KERNEL_SCOPES = frozenset({Scope.TRACKING_READ, Scope.TRACKING_WRITE})
SUPERVISOR_SCOPES = frozenset({Scope.ENDPOINT, Scope.TRACKING_READ})


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who asks. `subject` is the attempt or endpoint that a worker's, kernel's or supervisor's token is bound to.

    `groups` are those that a directory knows the person to be in; None where there is no directory.
    """

    id: str
    project_id: str
    kind: ActorKind
    name: str
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    subject: str | None = None
    groups: frozenset[str] | None = None

    def require(self, scope: Scope) -> None:
        if scope not in self.scopes and PART_OF.get(scope) not in self.scopes:
            raise ForbiddenError(
                f"{self.kind} {self.name!r} lacks the scope {scope.value!r}",
                hint=f"Use a token with {scope.value!r}; this one has: {', '.join(sorted(self.scopes)) or 'none'}.",
            )

    def require_subject(self, subject: str) -> None:
        """A token bound to one attempt or endpoint speaks for that one only."""
        if self.subject is not None and self.subject != subject:
            raise ForbiddenError(f"this token speaks for {self.subject!r} and not for {subject!r}")
