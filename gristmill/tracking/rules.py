"""What a rule of the allow-list is made of."""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from gristmill.core.scopes import Scope


class Act(StrEnum):
    """What becomes of a request of an attempt's token; `forward` sends it as it is."""

    FORWARD = "forward"
    CREATE_RUN = "create_run"  # in the attempt's experiment, below its run; remembered as its own
    CREATE_MODEL = "create_model"  # in the attempt's experiment, from a run of its own; remembered as its own
    NAME_EXPERIMENT = "name_experiment"  # answered with the attempt's experiment; the name becomes a tag of its run
    CREATE_EXPERIMENT = "create_experiment"  # the same
    TAG_EXPERIMENT = "tag_experiment"  # becomes a tag of the attempt's run
    START_TRACE = "start_trace"  # remembered as its own
    EXPORT_SPANS = "export_spans"  # the traces that the spans belong to are remembered as its own


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """Where a request names what it writes to. Each thing named must be the attempt's own, and one must be named.

    A place is `path:NAME`, `query:NAME`, `header:NAME` or `body:NAME`, where a body's name may go down by `.` and
    through lists by `[]`; `body:` is the whole body.
    """

    runs: tuple[str, ...] = ()
    created_runs: tuple[str, ...] = ()  # as `runs`, but not the attempt's first one
    models: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()  # tags, or keys of tags, that must not be reserved ones
    artifact: str | None = None
    source: str | None = None  # of a model version
    names_nothing: bool = False  # it makes something new that belongs to the project
    act: Act = Act.FORWARD


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One route of MLflow. `scope` None refuses it to everybody, for the stated reason.

    Attempts' tokens may write where `confined` says how, and nowhere else. `path` is a template; one that begins with a
    version stands for `/api/` and `/ajax-api/` alike.
    """

    method: str
    path: str
    scope: Scope | None = None
    reason: str | None = None
    confined: Confinement | None = None
    writes: bool = False
    instead: dict[str, Any] | None = None  # answered without asking MLflow
    file: bool = False  # it answers with a file that a notebook made
    artifact: str | None = None  # where a read names the artifact path: what an endpoint's token is confined by
    locations: tuple[str, ...] = ()  # places whose value must lie in MLflow's own artifact store, whoever asks
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile(_pattern(self.path)))

    @property
    def fixed_paths(self) -> tuple[str, ...]:
        """The paths of a template without parameters; none for another."""
        if "{" in self.path:
            return ()
        return (self.path,) if self.path.startswith("/") else (f"/api/{self.path}", f"/ajax-api/{self.path}")

    @property
    def literal(self) -> int:
        """How much of the template is fixed: among the rules that match a path, the most fixed one is meant."""
        return len(re.sub(r"\{[^}]*\}", "", self.path))


def rules(*routes: str, scope: Scope | None = None, writes: bool = False) -> tuple[Rule, ...]:
    pairs = (route.split(" ") for route in routes)
    return tuple(Rule(method=method, path=path, scope=scope, writes=writes) for method, path in pairs)


def read(*routes: str) -> tuple[Rule, ...]:
    return rules(*routes, scope=Scope.TRACKING_READ)


def read_file(*routes: str, artifact: str | None = None) -> tuple[Rule, ...]:
    return tuple(replace(rule, file=True, artifact=artifact) for rule in read(*routes))


def write(*routes: str, own: Confinement | None = None) -> tuple[Rule, ...]:
    return tuple(replace(rule, confined=own) for rule in rules(*routes, scope=Scope.TRACKING_WRITE, writes=True))


def registry(*routes: str, own: Confinement | None = None) -> tuple[Rule, ...]:
    return tuple(replace(rule, confined=own) for rule in rules(*routes, scope=Scope.MODELS_WRITE, writes=True))


def refuse(reason: str, *routes: str) -> tuple[Rule, ...]:
    return tuple(replace(rule, reason=reason) for rule in rules(*routes, writes=True))


def _pattern(template: str) -> str:
    """A pattern of decoded paths, whose parts hold no `/` of their own."""
    text = template if template.startswith("/") else f"/{{api}}/{template}"
    parts = re.split(r"(\{[^}]*\})", text)
    return "".join(_part(part) for part in parts)


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    name = part[1:-1]
    if name == "api":
        return "(?:api|ajax-api)"
    if name.endswith(":path"):
        return f"(?P<{name.removesuffix(':path')}>.+)"
    return f"(?P<{name}>[^/]+)"
