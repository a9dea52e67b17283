"""What an attempt's token does to MLflow in another way than it asked for.

What it makes is made inside its own experiment and remembered as its own, and what it says of experiments is kept on
its own run: notebooks that know nothing of Gristmill land where they belong.
"""

import json
from typing import Any

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from gristmill.core.errors import ForbiddenError, InvalidInputError
from gristmill.tracking.confinement import Asked, Confined, values
from gristmill.tracking.errors import check
from gristmill.tracking.exchange import Exchange
from gristmill.tracking.model import EXPERIMENT_TAG, INTERACTIVE_TAG, PARENT_TAG
from gristmill.tracking.otlp import decompressed, trace_ids
from gristmill.tracking.ownership import Ownership, keep
from gristmill.tracking.rules import Act, Confinement
from gristmill.tracking.secrecy import Mask
from gristmill.tracking.store import OwnedKind

_JSON = {"content-type": "application/json"}
_SPANS = "application/x-protobuf"
_MAX_SPANS = 64 * 2**20
_LONGEST_NAME = 500
_SOURCE_RUN = "mlflow.sourceRun"


class Acts:
    def __init__(self, exchange: Exchange, ownership: Ownership) -> None:
        self._exchange, self._ownership = exchange, ownership
        # What interactive sessions said last of their experiment: it is kept on the runs that they make next.
        self._said: dict[str, dict[str, str]] = {}

    async def perform(self, confined: Confined, confinement: Confinement, asked: Asked) -> Response:
        """The answer to a request whose body, if it has one, was read."""
        if confinement.act is Act.CREATE_RUN:
            return await self._create_run(confined, confinement, asked)
        if confinement.act is Act.CREATE_MODEL:
            return await self._create_model(confined, confinement, asked)
        if confinement.act is Act.START_TRACE:
            return await self._start_trace(confined, confinement, asked)
        await run_in_threadpool(confined.check, confinement, asked)
        if confinement.act is Act.TAG_EXPERIMENT:
            return await self._tag_experiment(confined, asked)
        if confinement.act is Act.CREATE_EXPERIMENT:
            return await self._create_experiment(confined, asked)
        return await self._name_experiment(confined, asked)

    async def export_spans(
        self, confined: Confined, confinement: Confinement, asked: Asked, body: bytes, mask: Mask
    ) -> Response:
        """Stores spans of traces that are the attempt's own or nobody's yet."""
        await run_in_threadpool(confined.check, confinement, asked)
        if asked.headers.get("content-type", "").partition(";")[0].strip() != _SPANS:
            raise InvalidInputError(f"spans must be sent as {_SPANS}")
        data = mask.content(decompressed(body, asked.headers.get("content-encoding", "").lower(), _MAX_SPANS))
        for trace_id in sorted(trace_ids(data)):
            await self._claim(confined, trace_id)
        names = ("x-mlflow-experiment-id", "x-mlflow-run-id", "user-agent")
        headers = {name: asked.headers[name] for name in names if name in asked.headers}
        answer = await self._exchange.whole(
            "POST", "/v1/traces", headers={**headers, "content-type": _SPANS}, content=data
        )
        return _passed_on(answer)

    async def _create_run(self, confined: Confined, confinement: Confinement, asked: Asked) -> Response:
        body = _with(asked, "experiment_id", confined.attempt.experiment_id)
        tags = [tag for tag in values(asked, "body:tags[]") if isinstance(tag, dict)]
        parents = [tag.get("value") for tag in tags if tag.get("key") == PARENT_TAG]
        parent = parents[-1] if parents else None
        if not isinstance(parent, str) or not await run_in_threadpool(confined.run, parent):
            parent = confined.attempt.run_id
        others = [tag for tag in tags if tag.get("key") != PARENT_TAG]
        body["tags"] = others if parent is None else [*others, {"key": PARENT_TAG, "value": parent}]
        await run_in_threadpool(confined.check, confinement, Asked(params={}, headers={}, body=body))
        if confined.attempt.run_id is None:
            said = {**self._said.get(confined.attempt.attempt, {}), INTERACTIVE_TAG: confined.attempt.attempt}
            body["tags"] += [{"key": key, "value": value} for key, value in said.items()]
        answer = await self._post("/api/2.0/mlflow/runs/create", body)
        if answer.is_success:
            await self._remember(confined, OwnedKind.RUN, answer.json()["run"]["info"]["run_id"])
        return _passed_on(answer)

    async def _create_model(self, confined: Confined, confinement: Confinement, asked: Asked) -> Response:
        await run_in_threadpool(confined.check, confinement, asked)
        body = _with(asked, "experiment_id", confined.attempt.experiment_id)
        if not values(asked, "body:source_run_id") and confined.attempt.run_id is not None:
            body["source_run_id"] = confined.attempt.run_id
        answer = await self._post("/api/2.0/mlflow/logged-models", body)
        if answer.is_success:
            await self._remember(confined, OwnedKind.MODEL, answer.json()["model"]["info"]["model_id"])
        return _passed_on(answer)

    async def _start_trace(self, confined: Confined, confinement: Confinement, asked: Asked) -> Response:
        for place in confinement.traces:
            for trace_id in values(asked, place):
                await self._claim(confined, str(trace_id))
        await run_in_threadpool(confined.check, confinement, asked)
        for metadata in values(asked, "body:trace.trace_info.trace_metadata"):
            source = metadata.get(_SOURCE_RUN) if isinstance(metadata, dict) else None
            if source is not None and not await run_in_threadpool(confined.run, str(source)):
                raise ForbiddenError(f"a trace cannot come from run {source!r}, which is not this run's own")
        return _passed_on(await self._post("/api/3.0/mlflow/traces", asked.body or {}))

    async def _name_experiment(self, confined: Confined, asked: Asked) -> Response:
        """The attempt's own experiment, whatever name was asked for."""
        own = confined.attempt.experiment_id
        answer = await self._exchange.whole("GET", f"/api/2.0/mlflow/experiments/get?experiment_id={own}")
        if answer.is_success:
            name = answer.json()["experiment"]["name"]
            wished = [str(value) for value in values(asked, "query:experiment_name") if value != name]
            await self._note(confined, {EXPERIMENT_TAG: wished[0]} if wished else {})
        return _passed_on(answer)

    async def _create_experiment(self, confined: Confined, asked: Asked) -> Response:
        names = values(asked, "body:name")
        tags = [tag for tag in values(asked, "body:tags[]") if isinstance(tag, dict)]
        kept = {f"{EXPERIMENT_TAG}.{tag.get('key')}": str(tag.get("value", "")) for tag in tags}
        await self._note(confined, {**({EXPERIMENT_TAG: str(names[0])} if names else {}), **kept})
        return JSONResponse({"experiment_id": confined.attempt.experiment_id})

    async def _tag_experiment(self, confined: Confined, asked: Asked) -> Response:
        """An experiment is shared by many runs: what one of them says of it is kept on that one."""
        body = asked.body or {}
        await self._note(confined, {f"{EXPERIMENT_TAG}.{body.get('key')}": str(body.get("value", ""))})
        return JSONResponse({})

    async def _note(self, confined: Confined, tags: dict[str, str]) -> None:
        if not tags:
            return
        if confined.attempt.run_id is None:
            keep(self._said, confined.attempt.attempt, {key: text[:_LONGEST_NAME] for key, text in tags.items()})
            return
        entries = [{"key": key, "value": value[:_LONGEST_NAME]} for key, value in tags.items()]
        body = {"run_id": confined.attempt.run_id, "tags": entries}
        check(await self._post("/api/2.0/mlflow/runs/log-batch", body))

    async def _claim(self, confined: Confined, trace_id: str) -> None:
        """Makes the trace the attempt's own, unless it is another's or was there before."""
        if await run_in_threadpool(confined.trace, trace_id):
            return
        if len(trace_id) > 60 or not all(one.isalnum() or one in "-_" for one in trace_id):
            raise ForbiddenError(f"trace {trace_id[:80]!r} is not one that a run can make")
        found = await self._exchange.whole("GET", f"/api/3.0/mlflow/traces/{trace_id}")
        if found.status_code != 404:
            check(found)
            raise ForbiddenError(f"trace {trace_id!r} is not this run's own")
        await self._remember(confined, OwnedKind.TRACE, trace_id)

    async def _remember(self, confined: Confined, kind: OwnedKind, mlflow_id: str) -> None:
        if not await run_in_threadpool(self._ownership.remember, confined.attempt, kind, mlflow_id):
            raise ForbiddenError(f"{kind.value} {mlflow_id!r} is not this run's own")

    async def _post(self, url: str, body: dict[str, Any]) -> httpx.Response:
        return await self._exchange.whole("POST", url, headers=_JSON, content=json.dumps(body).encode())


def _with(asked: Asked, name: str, value: str) -> dict[str, Any]:
    """The body with this field set, in one spelling."""
    first, *rest = name.split("_")
    other = first + "".join(part.capitalize() for part in rest)
    return {**{key: given for key, given in (asked.body or {}).items() if key != other}, name: value}


def _passed_on(answer: httpx.Response) -> Response:
    return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))
