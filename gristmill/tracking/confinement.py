"""Holds a request of an attempt's token against what is the attempt's own."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gristmill.core.errors import ForbiddenError, InvalidInputError
from gristmill.tracking.model import ARTIFACT_ROOT, PARENT_TAG, RESERVED_TAGS, WORKSPACES
from gristmill.tracking.ownership import AttemptTracking, Ownership
from gristmill.tracking.rules import Confinement, Rule
from gristmill.tracking.store import OwnedKind

# Sources and locations inside MLflow's own artifact store, and what MLflow writes where a prompt has no files.
_INSIDE = re.compile(r"(mlflow-artifacts|models|runs):/(?!/)")
_NO_FILES = {"", "dummy-source", "prompt-template"}
HINT = "A run's or kernel's token writes to its own MLflow run, to runs and models that it made, and nowhere else."


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request in parts, decoded. `headers` have names in lower case; `body` is its JSON object."""

    params: Mapping[str, str]
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str]
    body: dict[str, Any] | None = None


def values(asked: Asked, place: str) -> list[Any]:
    """Everything that the request says at this place, in whichever spelling; null and nothing left out."""
    kind, _, name = place.partition(":")
    if kind == "path":
        found: list[Any] = [asked.params.get(name)]
    elif kind == "query":
        found = [value for key, value in asked.query if key == name]
    elif kind == "header":
        found = [asked.headers.get(name)]
    else:
        found = _inside([asked.body or {}], name.split(".") if name else [])
    return [value for value in found if value not in (None, "")]


def check_locations(rule: Rule, asked: Asked) -> None:
    """Nobody makes MLflow read the server's files, or another server's, by calling them a location of artifacts.

    Raises:
        ForbiddenError: a location outside MLflow's own artifact store.
    """
    for place in rule.locations:
        for value in values(asked, place):
            if not isinstance(value, str) or (value not in _NO_FILES and not _INSIDE.match(value)):
                raise ForbiddenError(
                    f"{place.partition(':')[2]} {value!r} lies outside MLflow's artifact store",
                    hint="Leave it out, or name a run's or a model's artifacts.",
                )


class Confined:
    """The rules of one attempt's token.

    Raises, in `check`: ForbiddenError, for what is not the attempt's own and for a request that names nothing.
    """

    def __init__(self, attempt: AttemptTracking, ownership: Ownership) -> None:
        self.attempt, self._ownership = attempt, ownership

    def check(self, confinement: Confinement, asked: Asked) -> None:
        named = [
            self._all("run", confinement.runs, asked, self.run),
            self._all("run", confinement.created_runs, asked, self.created_run),
            self._all("logged model", confinement.models, asked, self.model),
            self._all("trace", confinement.traces, asked, self.trace),
            self._all("experiment", confinement.experiments, asked, self.experiment),
            self._all("artifact", (confinement.artifact,) if confinement.artifact else (), asked, self.artifact),
            self._all("source", (confinement.source,) if confinement.source else (), asked, self.source),
        ]
        if not any(named) and not confinement.names_nothing:
            raise ForbiddenError("the request names nothing of this run's own that it writes to", hint=HINT)
        for place in confinement.tags:
            self._tags(values(asked, place))

    def run(self, run_id: str) -> bool:
        return run_id == self.attempt.run_id or self.created_run(run_id)

    def created_run(self, run_id: str) -> bool:
        return self._ownership.owns(self.attempt, OwnedKind.RUN, run_id)

    def model(self, model_id: str) -> bool:
        return self._ownership.owns(self.attempt, OwnedKind.MODEL, model_id)

    def trace(self, trace_id: str) -> bool:
        return self._ownership.owns(self.attempt, OwnedKind.TRACE, trace_id)

    def experiment(self, experiment_id: str) -> bool:
        return experiment_id == self.attempt.experiment_id

    def artifact(self, path: str) -> bool:
        """`<experiment>/<run>/artifacts/…`, or the same of a model or a trace; in its project's own workspace."""
        parts = path.split("/")
        if parts[:2] == [WORKSPACES, self.attempt.project_id]:
            parts = parts[2:]
        if any(part in {"", ".", ".."} for part in parts) or parts[0] != self.attempt.experiment_id:
            return False
        if len(parts) > 3 and parts[2] == "artifacts":
            return self.run(parts[1])
        if len(parts) > 4 and parts[3] == "artifacts":
            return (parts[1] == "models" and self.model(parts[2])) or (parts[1] == "traces" and self.trace(parts[2]))
        return False

    def source(self, source: str) -> bool:
        """A model version's source: a logged model, or a folder among a run's or a model's artifacts."""
        if re.search(r"[%?#\\]", source):
            return False
        if source.startswith(ARTIFACT_ROOT):
            return self.artifact(source.removeprefix(ARTIFACT_ROOT).rstrip("/"))
        if match := re.fullmatch(r"models:/([^/]+)", source):
            return self.model(match[1])
        if match := re.fullmatch(r"runs:/([^/]+)/(.+)", source):
            return ".." not in match[2].split("/") and self.run(match[1])
        return False

    def _all(self, noun: str, places: tuple[str, ...], asked: Asked, own: Callable[[str], bool]) -> bool:
        found = [value for place in places for value in values(asked, place)]
        for value in found:
            if not isinstance(value, str) or not own(value):
                raise ForbiddenError(f"{noun} {str(value)[:200]!r} is not this run's own", hint=HINT)
        return bool(found)

    def _tags(self, tags: list[Any]) -> None:
        for tag in tags:
            key = tag if isinstance(tag, str) else _text(tag, "key")
            if key.startswith(RESERVED_TAGS):
                raise ForbiddenError(
                    f"tag {key!r} is reserved: tags that begin with {RESERVED_TAGS!r} are written by the control plane",
                    hint="Choose another name for the tag.",
                )
            if key == PARENT_TAG and not self.run(_text(tag, "value")):
                raise ForbiddenError(f"{PARENT_TAG} must be a run of this run's own", hint=HINT)


def _text(tag: Any, name: str) -> str:
    value = tag.get(name) if isinstance(tag, dict) else None
    if value is not None and not isinstance(value, str):
        raise InvalidInputError(f"a tag's {name} must be a string, got {type(value).__name__}")
    return value or ""


def _inside(holders: list[Any], names: list[str]) -> list[Any]:
    for name in names:
        plain, many = name.removesuffix("[]"), name.endswith("[]")
        found = [
            holder[key]
            for holder in holders
            if isinstance(holder, dict)
            for key in dict.fromkeys((plain, _camel(plain)))  # protobuf's JSON takes either spelling
            if key in holder
        ]
        holders = (
            [item for value in found for item in (value if isinstance(value, list) else [value])] if many else found
        )
    return holders


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
