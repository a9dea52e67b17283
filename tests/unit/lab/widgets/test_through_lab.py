"""A kernel without a person's credentials: what it says to the page of JupyterLab, and what it makes of the answers."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gristmill_lab.launch import RunOrder
from gristmill_lab.widgets.through_lab import TARGET, ThroughLab

from gristmill.client import api
from gristmill.core.errors import ForbiddenError, UnavailableError


class Page:
    """The other end of the comm."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.hear: Callable[[dict[str, Any]], object] = lambda _: None
        self.closed = False

    def open(self, target_name: str, data: Any) -> "Page":
        assert (target_name, data) == (TARGET, {"protocol": 1})
        return self

    def on_msg(self, call: Callable[[dict[str, Any]], object]) -> None:
        self.hear = call

    def on_close(self, call: Callable[[dict[str, Any]], object]) -> None:
        self.end = call

    def send(self, data: dict[str, Any]) -> None:
        self.said.append(json.loads(json.dumps(data)))

    def close(self) -> None:
        self.closed = True

    def says(self, **data: Any) -> None:
        self.hear({"content": {"data": data}})


@pytest.fixture
def page() -> Page:
    return Page()


async def asked(page: Page, count: int = 1) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while len(page.said) < count:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0)
    return page.said[count - 1]


async def test_a_question_is_answered_by_whoever_answers_first(page: Page, tmp_path: Path) -> None:
    lab = ThroughLab(tmp_path, page.open)
    page.says(type="hello", page="one")
    await asyncio.wait_for(lab.reached.wait(), 10)
    found = asyncio.ensure_future(lab.send(api.list_runs(limit=3, query="metrics.auc > 0.9")))
    ask = await asked(page)
    assert (ask["method"], ask["path"]) == ("GET", "api/runs?limit=3&query=metrics.auc+%3E+0.9")
    page.says(type="answer", id=ask["id"], text="[]")
    page.says(type="answer", id=ask["id"], text="no JSON")
    assert await found == ()
    await lab.close()
    assert page.closed


async def test_a_run_is_of_a_notebook_as_seen_from_the_one_that_asks(page: Page, tmp_path: Path) -> None:
    lab = ThroughLab(tmp_path / "work", page.open)
    order = RunOrder(path="anything", parameters={"depth": 4})
    refused = asyncio.ensure_future(lab.launch(tmp_path / "other" / "train.ipynb", order))
    ask = await asked(page)
    assert (ask["method"], ask["path"]) == ("POST", "launch")
    assert (ask["body"]["path"], ask["body"]["parameters"]) == ("../other/train.ipynb", {"depth": 4})
    page.says(type="taken", id=ask["id"])
    assert await asked(page, 2) == {"type": "settled", "id": ask["id"]}, "other pages take their question back"
    problem = {"type": "x", "title": "", "status": 403, "detail": "You did not agree", "code": "forbidden"}
    page.says(type="problem", id=ask["id"], problem={**problem, "hint": None, "faults": []})
    with pytest.raises(ForbiddenError, match="You did not agree"):
        await refused


async def test_after_a_reload_only_what_changes_nothing_is_asked_again(page: Page, tmp_path: Path) -> None:
    lab = ThroughLab(tmp_path, page.open)
    page.says(type="hello", page="one")
    looks = asyncio.ensure_future(lab.send(api.get_model("churn")))
    acts = asyncio.ensure_future(lab.send(api.delete_run("run_1")))
    await asked(page, 2)
    page.says(type="hello", page="two")
    with pytest.raises(UnavailableError, match="is gone"):
        await acts
    again = await asked(page, 3)
    assert again == page.said[0]
    message = await anext(lab.messages())
    assert message.type == "state"
    looks.cancel()


async def test_messages_of_the_page_are_those_of_its_stream(page: Page, tmp_path: Path) -> None:
    lab = ThroughLab(tmp_path, page.open)
    event = {"seq": 1, "project_id": "p", "time": "2026-01-01T00:00:00Z", "kind": "run.queued", "subject": "run_1"}
    page.says(type="message", message={"type": "event", "event": {**event, "data": {}}})
    page.says(type="message", message={"type": "state", "state": "ready", "since": "2026-01-01T00:00:00.000Z"})
    page.says(type="message", message={"type": "reset"})
    heard = lab.messages()
    async with asyncio.timeout(10):
        assert [(await anext(heard)).type for _ in range(3)] == ["event", "state", "reset"]


async def test_a_front_end_that_knows_nothing_of_it_closes_at_once(page: Page, tmp_path: Path) -> None:
    lab = ThroughLab(tmp_path, page.open)
    waits = asyncio.ensure_future(lab.send(api.rerun("run_1")))
    await asked(page)
    page.end({})
    await asyncio.wait_for(lab.closed.wait(), 10)
    with pytest.raises(UnavailableError, match="is gone"):
        await waits
    with pytest.raises(UnavailableError, match="is gone"):
        await lab.send(api.list_runs())
