"""Who reads which blob: people those of their project, a worker those of its own attempt, over HTTP."""

from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from gristmill.core import tokens
from gristmill.core.blobs import digest_of, grants
from gristmill.core.database import Database
from gristmill.core.scopes import PERSON_SCOPES, WORKER_SCOPES, Actor, ActorKind
from gristmill.core.small_blobs import SMALL_BLOB, SMALL_BLOBS, SmallBlob, SmallBlobs
from gristmill.notebooks.model import ParameterSchema
from gristmill.projects.store import projects
from gristmill.runs import service, store
from gristmill.runs.model import Attempt, AttemptOrder, Output, Run, RunState
from gristmill.snapshots import service as snapshots
from gristmill.snapshots.model import Snapshot, SnapshotFile, SnapshotRequest
from tests.unit.conftest import TestClock
from tests.unit.server.conftest import make_app

Create = Callable[..., Run]
Begin = Callable[[Run], tuple[Attempt, Actor]]

NOTEBOOK, SECRET = b"the notebook", b"another run's secret"


class Api:
    """The whole app without its control loop, and tokens to ask it with."""

    def __init__(self, home: Path, db: Database, clock: TestClock) -> None:
        self.db, self.clock = db, clock
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(make_app(home, db, clock)), base_url="http://127.0.0.1"
        )

    def worker(self, attempt: Attempt) -> str:
        return self._token(ActorKind.WORKER, subject=attempt.id)

    def person(self, project_id: str = "default") -> str:
        return self._token(ActorKind.PERSON, project_id=project_id)

    def _token(self, kind: ActorKind, *, project_id: str = "default", subject: str | None = None) -> str:
        scopes = WORKER_SCOPES if kind is ActorKind.WORKER else PERSON_SCOPES
        with self.db.write() as tx:
            return tokens.issue(
                tx, project_id=project_id, kind=kind, name="x", scopes=scopes, now=self.clock.now(), subject=subject
            )

    async def ask(self, token: str, method: str, path: str, **body: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self._http.request(method, path, headers=headers, **body)  # type: ignore[arg-type]

    async def put(self, token: str, content: bytes) -> str:
        digest = digest_of(content)
        assert (await self.ask(token, "PUT", f"/api/blobs/{digest}", content=content)).status_code == 204
        return digest

    async def reads(self, token: str, digest: str) -> bool:
        """Alone and together with others, which is to come to the same."""
        answers = (
            await self.ask(token, "GET", f"/api/blobs/{digest}"),
            await self.ask(token, "POST", "/api/blobs/read", json={"digests": [digest]}),
        )
        (status,) = {answer.status_code for answer in answers}
        assert status in {200, 404}
        if status == 200:
            (small,) = msgspec.json.decode(answers[1].content, type=SmallBlobs).blobs
            assert (small.digest, small.content) == (digest, answers[0].content)
        return status == 200

    async def lacks(self, token: str, digest: str) -> bool:
        answer = await self.ask(token, "POST", "/api/blobs/missing", json={"digests": [digest]})
        found: list[str] = answer.json()["digests"]
        return digest in found


@pytest.fixture
def api(tmp_path: Path, db: Database, clock: TestClock) -> Api:
    return Api(tmp_path, db, clock)


@pytest.fixture
def snapshot(db: Database, person: Actor, clock: TestClock) -> Snapshot:
    file = SnapshotFile(path="train.ipynb", digest=digest_of(NOTEBOOK), size=len(NOTEBOOK))
    facts = snapshots.NotebookFacts(schema=ParameterSchema(language="python", cell=None), kernel="python3")
    with db.write() as tx:
        return snapshots.create(tx, person, SnapshotRequest(notebook="train.ipynb", files=(file,)), facts, clock)


async def claim(api: Api, attempt: Attempt) -> str:
    """The token of the attempt's worker, which has claimed it."""
    token = api.worker(attempt)
    answer = await api.ask(token, "POST", f"/api/attempts/{attempt.id}/claim", json={"nonce": "one"})
    assert answer.status_code == 200, answer.text
    return token


async def test_a_worker_reads_its_snapshot_and_what_it_sent_and_nothing_else(
    api: Api, create: Create, begin: Begin
) -> None:
    person = api.person()
    notebook, secret = await api.put(person, NOTEBOOK), await api.put(person, SECRET)
    worker = await claim(api, begin(create())[0])
    other = await claim(api, begin(create())[0])
    sent = await api.put(worker, b"a log")
    assert await api.reads(worker, notebook)
    assert await api.reads(worker, sent)
    assert not await api.reads(worker, secret)
    assert not await api.reads(other, sent)
    assert await api.reads(person, secret)
    assert await api.reads(person, sent)


async def test_a_claim_is_answered_with_the_small_files(api: Api, create: Create, begin: Begin) -> None:
    await api.put(api.person(), NOTEBOOK)
    attempt = begin(create())[0]
    claimed = f"/api/attempts/{attempt.id}/claim"
    answer = await api.ask(api.worker(attempt), "POST", claimed, json={"nonce": "one"})
    order = msgspec.json.decode(answer.content, type=AttemptOrder)
    assert [(blob.digest, blob.content) for blob in order.blobs] == [(digest_of(NOTEBOOK), NOTEBOOK)]


async def test_a_claim_is_answered_without_a_file_that_cannot_be_read(api: Api, create: Create, begin: Begin) -> None:
    """The worker asks for it, and is told what there is to be told."""
    attempt = begin(create())[0]
    claimed = f"/api/attempts/{attempt.id}/claim"
    answer = await api.ask(api.worker(attempt), "POST", claimed, json={"nonce": "one"})
    assert msgspec.json.decode(answer.content, type=AttemptOrder).blobs == ()


async def test_a_worker_before_its_claim_reads_nothing(api: Api, create: Create, begin: Begin) -> None:
    notebook = await api.put(api.person(), NOTEBOOK)
    assert not await api.reads(api.worker(begin(create())[0]), notebook)


async def test_a_worker_is_not_told_what_others_hold(api: Api, create: Create, begin: Begin) -> None:
    """What it has not sent itself is lacking, whoever else has sent it: it shows that it has the bytes."""
    secret = await api.put(api.person(), SECRET)
    worker = await claim(api, begin(create())[0])
    assert await api.lacks(worker, secret)
    await api.put(worker, SECRET)
    assert not await api.lacks(worker, secret)


async def test_a_worker_cannot_make_another_runs_blob_its_output(api: Api, create: Create, begin: Begin) -> None:
    secret = await api.put(api.person(), SECRET)
    attempt, _ = begin(create())
    worker = await claim(api, attempt)
    for kind, data in (
        ("output", {"name": "x", "digest": secret, "size": 1}),
        ("attempt.finished", {"state": "succeeded", "executed_notebook": secret}),
    ):
        event = {"n": 1, "kind": kind, "time": "2026-03-01T12:00:00Z", "data": data}
        answer = await api.ask(worker, "POST", f"/api/attempts/{attempt.id}/events", json={"events": [event]})
        assert answer.status_code == 409
        assert "was not sent" in answer.json()["detail"]


async def test_what_an_attempt_could_read_is_forgotten_with_it(
    api: Api, create: Create, begin: Begin, db: Database, clock: TestClock
) -> None:
    await api.put(api.person(), NOTEBOOK)
    attempt, _ = begin(create())
    await claim(api, attempt)
    with db.write() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(grants)) == 1
        service.close_attempt(tx, attempt, clock)
        assert tx.scalar(sa.select(sa.func.count()).select_from(grants)) == 0


async def test_nothing_of_a_run_is_read_from_another_project(
    api: Api, create: Create, begin: Begin, db: Database, clock: TestClock
) -> None:
    with db.write() as tx:
        tx.execute(sa.insert(projects).values(id="other", name="other", created_at=clock.now()))
    stranger, person = api.person("other"), api.person()
    digest = await api.put(person, b"executed")
    run = create()
    attempt, _ = begin(run)
    with db.write() as tx:
        store.put_output(tx, attempt, Output(name="a.csv", digest=digest, size=8))
        service.end_attempt(tx, store.get_run(tx, run.id), attempt, RunState.SUCCEEDED, clock, executed_notebook=digest)
    for path in (f"runs/{run.id}/notebook", f"runs/{run.id}/outputs/a.csv", f"blobs/{digest}"):
        assert (await api.ask(person, "GET", f"/api/{path}")).content == b"executed"
        assert (await api.ask(stranger, "GET", f"/api/{path}")).status_code == 404
    assert (await api.ask(stranger, "GET", f"/api/runs/{run.id}/events")).status_code == 404


def together(*contents: bytes) -> dict[str, object]:
    return {"blobs": [msgspec.to_builtins(SmallBlob.of(digest_of(content), content)) for content in contents]}


async def test_small_blobs_are_stored_together(api: Api, create: Create, begin: Begin) -> None:
    person, worker = api.person(), await claim(api, begin(create())[0])
    contents = [b"", b"two", b"x" * SMALL_BLOB]
    for _ in range(2):  # again is harmless
        assert (await api.ask(worker, "POST", "/api/blobs", json=together(*contents))).status_code == 204
    for content in contents:
        assert await api.reads(person, digest_of(content))
        assert await api.reads(worker, digest_of(content))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (together(b"x" * (SMALL_BLOB + 1)), "expected at most 131072"),
        (together(*(bytes([n]) * SMALL_BLOB for n in range(SMALL_BLOBS // SMALL_BLOB + 1))), "in one request"),
        ({"blobs": [{"digest": digest_of(b"this"), "base64": "dGhhdA=="}]}, "expected sha256"),
        ({"blobs": [{"digest": digest_of(b"this"), "base64": "no base64!"}]}, "is not base64"),
        ({"blobs": [{"digest": "../../etc", "base64": ""}]}, "is not valid"),
        ({"blobs": [{"digest": digest_of(b""), "base64": "", "more": 1}]}, "more"),
    ],
    ids=["large", "many", "other bytes", "no base64", "no digest", "unknown field"],
)
async def test_blobs_that_are_not_small_or_not_what_they_say_are_refused(
    api: Api, body: dict[str, list[dict[str, str]]], said: str
) -> None:
    person = api.person()
    answer = await api.ask(person, "POST", "/api/blobs", json=body)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert not await api.reads(person, digest_of(b"this"))


async def test_what_is_not_small_is_read_alone(api: Api) -> None:
    person = api.person()
    digest = await api.put(person, b"x" * (SMALL_BLOB + 1))
    answer = await api.ask(person, "POST", "/api/blobs/read", json={"digests": [digest]})
    assert answer.status_code == 400
    assert "GET it alone" in answer.json()["hint"]


async def test_events_bring_their_small_blobs_along(api: Api, create: Create, begin: Begin) -> None:
    attempt, _ = begin(create())
    worker = await claim(api, attempt)
    data = {"name": "a.csv", "digest": digest_of(b"1,2"), "size": 3, "declared": False}
    event = {"n": 1, "kind": "output", "time": "2026-03-01T12:00:00Z", "data": data}
    body = {"events": [event], **together(b"1,2")}
    answer = await api.ask(worker, "POST", f"/api/attempts/{attempt.id}/events", json=body)
    assert answer.json()["last"] == 1, answer.text
    assert await api.reads(api.person(), digest_of(b"1,2"))


async def test_another_attempts_events_bring_nothing(api: Api, create: Create, begin: Begin) -> None:
    mine, others = begin(create())[0], begin(create())[0]
    body = {"events": [], **together(b"1,2")}
    answer = await api.ask(await claim(api, mine), "POST", f"/api/attempts/{others.id}/events", json=body)
    assert answer.status_code == 403
    assert not await api.reads(api.person(), digest_of(b"1,2"))
