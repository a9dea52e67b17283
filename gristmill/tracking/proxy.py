"""MLflow behind the allow-list: what of it each token may use."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gristmill.core.errors import ForbiddenError, InvalidInputError, NotFoundError, TooLargeError
from gristmill.core.passing import limited
from gristmill.core.scopes import Actor, ActorKind, Scope
from gristmill.tracking.acts import Acts
from gristmill.tracking.allow_list import find
from gristmill.tracking.confinement import HINT, Asked, Confined, check_locations, values
from gristmill.tracking.exchange import Exchange, Target, forwarded, target_of, within
from gristmill.tracking.ownership import Ownership
from gristmill.tracking.pages import with_preferences
from gristmill.tracking.rules import Act, Confinement, Rule
from gristmill.tracking.secrecy import Mask, Masks, check_address, unrevealing
from gristmill.tracking.workspaces import NoWorkspaces, Workspaces

# Where an endpoint's model files lie: what its supervisor may read.
ArtifactPrefixes = Callable[[Actor], tuple[str, ...]]

_ATTEMPT_KINDS = {ActorKind.KERNEL, ActorKind.WORKER}
# What a notebook made is shown as if from nowhere: without scripts, and without this site's cookies.
_SANDBOX = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}


@dataclass(frozen=True, kw_only=True)
class ProxyLimits:
    """`body` of JSON and spans, `artifact` of one uploaded file; in bytes."""

    body: int = 16 * 2**20
    artifact: int = 64 * 2**30


class MlflowProxy:
    """Answers requests below `/mlflow` from MLflow, each as far as its actor may."""

    def __init__(
        self,
        exchange: Exchange,
        ownership: Ownership,
        *,
        artifact_prefixes: ArtifactPrefixes,
        masks: Masks,
        limits: ProxyLimits | None = None,
        seen: Callable[[str], None] = lambda _: None,
        workspaces: Workspaces | None = None,
    ) -> None:
        self._exchange, self._ownership, self._prefixes = exchange, ownership, artifact_prefixes
        self._masks, self._limits = masks, limits or ProxyLimits()
        self._acts = Acts(exchange, ownership)
        self._workspaces = workspaces or NoWorkspaces()
        self._seen = seen  # told of the attempt or session whose token asks

    async def answer(self, actor: Actor, request: Request) -> Response:
        """MLflow's answer, streamed.

        Raises:
            NotFoundError: MLflow has no such route.
            ForbiddenError: the route is refused, or not for this actor, or not for what the request names.
            UnavailableError: MLflow does not answer.
        """
        if not self._workspaces.is_known(actor.project_id):
            await run_in_threadpool(self._workspaces.headers, actor.project_id)
        with within(self._workspaces.headers(actor.project_id)):
            return await self._answer(actor, request)

    async def _answer(self, actor: Actor, request: Request) -> Response:
        target = target_of(request)
        found = find(request.method, target.path)
        if found is None:
            raise NotFoundError(f"MLflow has no route {request.method} {target.path[:200]}")
        rule, params = found
        permit(actor, rule)
        if rule.instead is not None:
            return JSONResponse(rule.instead)
        if rule.path == "/":
            return await self._first_page(target)
        if rule.path.partition("/mlflow/workspaces")[1] and self._workspaces.headers(actor.project_id):
            return _own_workspace(actor.project_id, params.get("workspace_name"))
        asked = Asked(params=params, query=target.query, headers=request.headers)
        if actor.kind is ActorKind.SUPERVISOR:
            await run_in_threadpool(self._check_prefix, actor, rule, asked)
        elif actor.kind in _ATTEMPT_KINDS:
            await run_in_threadpool(self._seen, actor.subject or "")
            mask = await run_in_threadpool(self._masks, actor.subject or "")
            check_address(mask, target)
            if rule.confined is not None:
                return await self._confined(actor, rule, rule.confined, asked, target, request, mask)
        return await self._free(rule, asked, target, request)

    async def _first_page(self, target: Target) -> Response:
        page = await self._exchange.whole("GET", target.url)
        headers = {"cache-control": "no-cache", "x-frame-options": "SAMEORIGIN", "x-content-type-options": "nosniff"}
        media_type = page.headers.get("content-type")
        return Response(with_preferences(page.content), page.status_code, headers=headers, media_type=media_type)

    async def _free(self, rule: Rule, asked: Asked, target: Target, request: Request) -> Response:
        if rule.locations:
            body = await self._json(request)
            check_locations(rule, Asked(params=asked.params, headers=asked.headers, body=body))
            return await self._send(rule, target, request, json.dumps(body).encode())
        return await self._send(rule, target, request)

    async def _confined(
        self,
        actor: Actor,
        rule: Rule,
        confinement: Confinement,
        asked: Asked,
        target: Target,
        request: Request,
        mask: Mask,
    ) -> Response:
        attempt = await run_in_threadpool(self._ownership.attempt, actor)
        confined = Confined(attempt, self._ownership)
        if confinement.act is Act.EXPORT_SPANS:
            body = await self._bytes(request)
            return await self._acts.export_spans(confined, confinement, asked, body, mask)
        told = bool(mask) and not _is_upload(rule)
        needs_body = request.method != "GET" and (told or _looks_into_body(rule, confinement))
        if needs_body:
            body = mask.json(await self._json(request))
            asked = Asked(params=asked.params, query=asked.query, headers=asked.headers, body=body)
        check_locations(rule, asked)
        if confinement.act is not Act.FORWARD:
            return await self._acts.perform(confined, confinement, asked)
        await run_in_threadpool(confined.check, confinement, asked)
        content = json.dumps(asked.body).encode() if needs_body else None
        return await self._send(rule, target, request, content, mask)

    async def _send(
        self, rule: Rule, target: Target, request: Request, content: bytes | None = None, mask: Mask | None = None
    ) -> Response:
        headers = forwarded(request)
        added = _SANDBOX if rule.file else None
        if request.method in {"GET", "HEAD"}:  # MLflow would read a body where the query is empty
            headers = {name: value for name, value in headers.items() if not name.startswith("content-")}
            return await self._exchange.stream(request.method, target.url, headers=headers, added=added)
        if content is not None:
            headers = {**headers, "content-length": str(len(content)), "content-type": "application/json"}
            headers.pop("content-encoding", None)
            return await self._exchange.stream(request.method, target.encoded, headers=headers, content=content)
        limit = self._limits.artifact if _is_upload(rule) else self._limits.body
        _check_length(request, limit)
        body = limited(request, limit)
        return await self._exchange.stream(
            request.method, target.url, headers=headers, content=unrevealing(body, mask) if mask else body, added=added
        )

    async def _bytes(self, request: Request) -> bytes:
        _check_length(request, self._limits.body)
        return b"".join([chunk async for chunk in limited(request, self._limits.body)])

    async def _json(self, request: Request) -> dict[str, Any]:
        """The body's object. It is sent on as we have understood it, so that MLflow cannot understand another."""
        data = await self._bytes(request)
        try:
            body = json.loads(data or b"{}")
            if isinstance(body, str):  # what MLflow's older clients send
                body = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"the body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise InvalidInputError(f"the body must be a JSON object, got {type(body).__name__}")
        return body

    def _check_prefix(self, actor: Actor, rule: Rule, asked: Asked) -> None:
        actor.require(Scope.TRACKING_READ)
        prefixes = self._prefixes(actor)
        paths = values(asked, rule.artifact or "")
        inside = [any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes) for path in paths]
        if not inside or not all(inside) or any(".." in path.split("/") for path in paths):
            raise ForbiddenError(
                f"an endpoint reads the files of its own models only, got {paths or 'no path'}",
                hint=f"Its own lie below: {', '.join(prefixes) or 'nothing'}.",
            )


def _own_workspace(project: str, asked: str | None) -> Response:
    """Of all the workspaces there are, a project sees its own: others' names are those of people and teams."""
    own = {"name": project}
    if asked is None:
        return JSONResponse({"workspaces": [own]})
    if asked != project:
        raise NotFoundError(f"there is no workspace {asked[:80]!r}")
    return JSONResponse({"workspace": own})


def permit(actor: Actor, rule: Rule) -> None:
    """Raises ForbiddenError unless this kind of actor, with these scopes, may use the route at all."""
    if rule.scope is None:
        raise ForbiddenError(
            f"{rule.method} {rule.path} of MLflow is refused here: {rule.reason}",
            hint="docs/tracking.md lists what is.",
        )
    if actor.kind is ActorKind.SUPERVISOR and rule.artifact is None:
        raise ForbiddenError("an endpoint reads the files of its own models, and nothing else of MLflow")
    if actor.kind not in _ATTEMPT_KINDS:
        actor.require(rule.scope)
        return
    actor.require(Scope.TRACKING_WRITE if rule.writes else Scope.TRACKING_READ)
    if rule.writes and rule.confined is None:
        raise ForbiddenError(
            f"{rule.method} {rule.path} is not for a run's token",
            hint=HINT,
        )


def _looks_into_body(rule: Rule, confinement: Confinement) -> bool:
    places = (
        *confinement.runs,
        *confinement.created_runs,
        *confinement.models,
        *confinement.traces,
        *confinement.experiments,
        *confinement.tags,
        *rule.locations,
        confinement.source or "",
    )
    return confinement.act is not Act.FORWARD or any(place.startswith("body:") for place in places)


def _is_upload(rule: Rule) -> bool:
    return "{artifact_path" in rule.path


def _check_length(request: Request, limit: int) -> None:
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit:
        raise TooLargeError(f"the body has {announced} bytes, {limit} are allowed")
