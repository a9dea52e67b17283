"""What must be so when all is quiet, whatever was killed."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

import httpx
import sqlalchemy as sa

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.wire import Event
from tests.integration.faults.kill_points import CELLS, Plan, Role
from tests.integration.faults.scene import THIRD, TIMES, Scene
from tests.integration.faults.sights import Mark, Process, marks, processes

PATIENCE = 300.0  # seconds until nothing may be left that nobody owns
_ONE_EACH = (Role.CONTROL_PLANE, Role.MLFLOW, Role.SUPERVISOR, Role.SERVING)
_STATUS = {"succeeded": "FINISHED", "failed": "FAILED"}


def broken(scene: Scene, names: tuple[str, ...], hit: set[str], plan: Plan, struck: list[str]) -> list[str]:
    """Every promise that was not kept, in words."""
    judged = _Judged(scene, names, hit, plan)
    found = [
        *judged.runs(),
        *judged.attempts(),
        *judged.executions(),
        *judged.overlaps(),
        *judged.rows(),
        *judged.orphans(),
    ]
    with scene.client() as client:
        found += [*judged.events(client), *judged.results(client), *judged.whole(client)]
        if not any(one.startswith(Role.MLFLOW) for one in struck):
            found += judged.tracked(client)
    return [*found, *judged.endpoint()]


class _Judged:
    def __init__(self, scene: Scene, names: tuple[str, ...], hit: set[str], plan: Plan) -> None:
        self._scene, self._hit, self._plan = scene, hit, plan
        self._runs = self._select("select * from runs where name", names)
        self._attempts = self._select("select * from attempts where run_id", tuple(run["id"] for run in self._runs))
        self._names = names
        self._ids = tuple(one["id"] for one in self._attempts)
        self._marks: dict[str, list[Mark]] = defaultdict(list)
        self._all_marks = list(marks(scene.marks))
        for mark in self._all_marks:
            self._marks[mark.attempt].append(mark)

    def _select(self, query: str, those: tuple[str, ...]) -> Sequence[sa.RowMapping]:
        return self._scene.view.select(f"{query} in :those order by id", those)

    def _of(self, run: sa.RowMapping) -> list[sa.RowMapping]:
        return sorted((one for one in self._attempts if one["run_id"] == run["id"]), key=lambda one: one["number"])

    def runs(self) -> Iterator[str]:
        """None is lost, none is there twice; each has ended as its last attempt has."""
        by_name = Counter(run["name"] for run in self._runs)
        for name in self._names:
            if by_name[name] != 1:
                yield f"run {name} is there {by_name[name]} times"
        retries = dict(zip(self._names, self._plan.retries, strict=True))
        for run in self._runs:
            attempts = self._of(run)
            if [one["number"] for one in attempts] != list(range(1, len(attempts) + 1)):
                yield f"run {run['name']} has attempts {[one['number'] for one in attempts]}"
            if run["state"] != attempts[-1]["state"]:
                yield f"run {run['name']} is {run['state']}, its last attempt {attempts[-1]['state']}"
            if run["state"] == "failed" and len(attempts) <= retries[run["name"]]:
                yield f"run {run['name']} has failed with {retries[run['name']]} retries after {len(attempts)} attempts"
            if any(one["state"] != "failed" for one in attempts[:-1]):
                yield f"run {run['name']} was tried again after {[one['state'] for one in attempts]}"

    def attempts(self) -> Iterator[str]:
        """One fails only if its own worker or kernel was killed."""
        for one in self._attempts:
            if one["state"] != "succeeded" and one["id"] not in self._hit:
                yield f"attempt {one['id']} is {one['state']}, and nothing of it was killed: {one['fault']}"
            if one["state"] == "failed" and not one["fault"]:
                yield f"attempt {one['id']} has failed and does not say why"

    def executions(self) -> Iterator[str]:
        """Each cell of each attempt at most once, in order, in one kernel of one worker: who claimed it."""
        for one in self._attempts:
            marked = self._marks[one["id"]]
            entered = [mark.cell for mark in marked if not mark.leaving]
            if entered != list(range(1, len(entered) + 1)):
                yield f"attempt {one['id']} has entered cells {entered}"
            if one["state"] == "succeeded" and len(entered) != CELLS:
                yield f"attempt {one['id']} has succeeded after cells {entered}"
            if len({(mark.kernel, mark.worker) for mark in marked}) > 1:
                yield f"attempt {one['id']} was executed by several: {marked}"
            if marked and (one["claimed_at"] is None or one["nonce"] is None):
                yield f"attempt {one['id']} was executed without a claim"

    def overlaps(self) -> Iterator[str]:
        """No attempt of a run executes anything after the next one has begun to."""
        for run in self._runs:
            numbers = {one["id"]: one["number"] for one in self._of(run)}
            order = [numbers[mark.attempt] for mark in self._all_marks if mark.attempt in numbers]
            if order != sorted(order):
                yield f"attempts of run {run['name']} have executed side by side: {order}"

    def rows(self) -> Iterator[str]:
        """Every reservation was freed, every token revoked, every grant taken back; nothing is left in files."""
        held = self._select("select * from reservations where holder", self._ids)
        per_holder = Counter(one["holder"] for one in held)
        for attempt in self._attempts:
            if attempt["closed_at"] is None:
                yield f"attempt {attempt['id']} is open"
            if per_holder[attempt["id"]] != 1:
                yield f"attempt {attempt['id']} had {per_holder[attempt['id']]} reservations"
        for one in held:
            if one["released_at"] is None:
                yield f"the reservation of {one['holder']} is not freed"
        for one in self._select("select * from tokens where revoked_at is null and subject", self._ids):
            yield f"a token of {one['subject']} is good for ever"
        others = self._scene.view.select("select holder from reservations where released_at is null")
        if (extra := len(others) - (self._scene.endpoint is not None)) > 0:
            yield f"{extra} reservations of nobody: {[one['holder'] for one in others]}"

    def orphans(self) -> list[str]:
        """Nothing lives that nobody owns, within five minutes."""
        until = time.monotonic() + PATIENCE
        while (left := list(self._unowned())) and time.monotonic() < until:
            time.sleep(0.05)  # processes end without telling
        return left

    def _unowned(self) -> Iterator[str]:
        living = processes(self._scene.home)
        by_role: dict[Role | None, list[Process]] = defaultdict(list)
        for one in living:
            by_role[one.role].append(one)
        for role in (Role.WORKER, Role.KERNEL, Role.KEEPER, None):
            yield from (f"left behind: {one}" for one in by_role[role])
        for role in _ONE_EACH:
            wanted = 1 if role in _ONE_EACH[:2] or self._scene.endpoint else 0
            if len(by_role[role]) != wanted:
                yield f"{len(by_role[role])} of role {role}: {[str(one) for one in by_role[role]]}"
        folders = [one.line.split()[2] for role in (Role.KERNEL_ZYGOTE, Role.WORKER_ZYGOTE) for one in by_role[role]]
        yield from (f"{count} zygotes in {folder}" for folder, count in Counter(folders).items() if count > 1)

    # By the API -----------------------------------------------------------------------------------------------------

    def events(self, client: Client) -> Iterator[str]:
        """Of each attempt from 1 without gaps; what was executed was said, before and after, in its order."""
        for run in self._runs:
            events = client.send(api.list_run_events(run["id"], limit=1000)).events
            if [one.seq for one in events] != sorted({one.seq for one in events}):
                yield f"the events of run {run['name']} are not in order"
            kinds = [one.kind for one in events if one.kind in {"run.succeeded", "run.failed"}]
            if kinds != [f"run.{run['state']}"] or events[0].kind != "run.queued":
                yield f"run {run['name']} was told to be over: {kinds}"
            for attempt in self._of(run):
                own = [one for one in events if one.attempt == attempt["id"]]
                yield from (f"attempt {attempt['id']}: {fault}" for fault in self._told(attempt, own))

    def _told(self, attempt: sa.RowMapping, events: list[Event]) -> Iterator[str]:
        numbers = [one.n for one in events]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"events {numbers}"
        cells = [(one.kind, one.data["number"]) for one in events if one.kind in {"cell.started", "cell.finished"}]
        whole = [(kind, n) for n in range(1, CELLS + 1) for kind in ("cell.started", "cell.finished")]
        if cells != whole[: len(cells)]:
            yield f"cells were told as {cells}"
        marked = self._marks[attempt["id"]]
        entered = {mark.cell for mark in marked if not mark.leaving}
        if lost := entered - {number for kind, number in cells if kind == "cell.started"}:
            yield f"cells {sorted(lost)} were executed and never told of"
        if attempt["state"] == "succeeded" and (len(cells) != len(whole) or events[-1].kind != "attempt.finished"):
            yield f"it has succeeded and told {cells}, at last {events[-1].kind}"

    def results(self, client: Client) -> Iterator[str]:
        """What a run has made is there."""
        for run in self._runs:
            if run["state"] != "succeeded":
                continue
            detail = client.send(api.get_run(run["id"]))
            values = {name: metric.value for name, metric in detail.run.metrics.items()}
            if values != {"score": 2.0, "last": 4.0}:
                yield f"run {run['name']} has metrics {values}"
            if client.send(api.get_output(run["id"], "out.txt")) != THIRD.encode() * TIMES:
                yield f"run {run['name']} has another output"
            notebook = json.loads(client.send(api.executed_notebook(run["id"])))
            printed = "".join("".join(out.get("text", "")) for cell in notebook["cells"] for out in cell["outputs"])
            if printed.split() != ["first", "second", "fourth"]:
                yield f"the notebook of run {run['name']} has printed {printed!r}"

    def tracked(self, client: Client) -> Iterator[str]:
        """MLflow's runs have ended as the attempts have. Where MLflow itself was killed, one may be left open."""
        headers = {"Authorization": f"Bearer {client.transport.credentials.token}"}
        for one in self._attempts:
            if one["tracking_run"] is None:
                continue
            url = f"{client.url}/mlflow/api/2.0/mlflow/runs/get"
            answer = httpx.get(url, params={"run_id": one["tracking_run"]}, headers=headers, timeout=60).json()
            if answer["run"]["info"]["status"] != _STATUS[one["state"]]:
                yield f"attempt {one['id']} is {one['state']}, its MLflow run {answer['run']['info']['status']}"

    def whole(self, client: Client) -> Iterator[str]:
        if (broken_at := client.send(api.verify_audit()).broken_at) is not None:
            yield f"the audit log is broken at {broken_at}"
        if self._scene.view.is_damaged():
            yield "the database is damaged"

    def endpoint(self) -> Iterator[str]:
        """It serves, by one worker of one supervisor."""
        if self._scene.endpoint is None:
            return
        ask: Callable[[], httpx.Response] = lambda: httpx.post(  # noqa: E731  # asked twice at most
            f"{self._scene.endpoint}/invocations", json={"inputs": [3.0]}, timeout=60
        )
        answer = ask()
        if answer.status_code != 200 or answer.json() != {"predictions": [6.0]}:
            yield f"the endpoint answers {answer.status_code}: {answer.text[:300]}"
