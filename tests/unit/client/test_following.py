"""Following a run through a control plane that goes away and comes back."""

from collections.abc import Iterator
from typing import Any

import pytest

from gristmill.client import client as clients
from gristmill.client.call import Call
from gristmill.client.client import Client
from gristmill.client.credentials import Credentials
from gristmill.core.errors import GristmillError, UnavailableError
from gristmill.core.wire import Event, EventPage
from gristmill.endpoints.model import Endpoint, EndpointState
from gristmill.runs.model import Run, RunDetail, RunState
from tests.unit.cli.made import Events, a_run, an_endpoint, seen

AWAY = UnavailableError("away")


class Scripted:
    """A transport that plays what it is given: each stream is a list of events, or an error at its end."""

    credentials = Credentials(url="http://127.0.0.1:9", token="t", local=False)

    def __init__(self, streams: list[list[Any]], answers: dict[str, list[Any]]) -> None:
        self.streams, self.answers = streams, answers
        self.cursors: list[int | None] = []

    def stream(self, run: str | None = None, after: int | None = None) -> Iterator[Event]:
        assert run == RUNNING.run.id
        self.cursors.append(after)
        for one in self.streams.pop(0):
            if isinstance(one, Exception):
                raise one
            yield one

    def send(self, request: Call[Any]) -> Any:
        listed = self.answers[request.template]
        answer = listed.pop(0) if len(listed) > 1 else listed[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


def client_of(streams: list[list[Any]], **answers: list[Any]) -> tuple[Client, Scripted]:
    paths = {"run": "/api/runs/{run}", "events": "/api/runs/{run}/events", "endpoint": "/api/endpoints/{name}"}
    client = Client(Scripted.credentials)
    client.close()
    scripted = Scripted(streams, {paths[name]: listed for name, listed in answers.items()})
    client.transport = scripted  # type: ignore[assignment]  # it does what the client needs of one
    return client, scripted


def detail(run: Run) -> RunDetail:
    return RunDetail(run=run, attempts=(), outputs=())


RUNNING, DONE = detail(a_run(RunState.RUNNING)), detail(a_run(RunState.SUCCEEDED))
SOME, NONE = EventPage(events=(Events()("log"),), next=1), EventPage(events=(), next=0)


def test_a_broken_stream_is_resumed_behind_the_last_event_that_was_seen() -> None:
    made = Events()
    streams: list[list[Any]] = [[made("run.running"), made("cell.started"), AWAY], [AWAY], [made("run.succeeded")]]
    client, transport = client_of(streams, run=[RUNNING, AWAY, RUNNING])
    assert [event.seq for event in client.follow(RUNNING.run)] == [1, 2, 3]
    assert transport.cursors == [0, 2, 2]


def test_a_stream_that_ends_before_the_run_does_is_opened_again() -> None:
    made = Events()
    client, transport = client_of([[made("log")], [made("run.failed")]], run=[RUNNING])
    assert [event.kind for event in client.follow(RUNNING.run)] == ["log", "run.failed"]
    assert transport.cursors == [0, 1]


def test_a_run_that_is_over_is_read_to_its_last_event_and_no_further() -> None:
    client, _ = client_of([[Events()("run.succeeded")]], run=[DONE], events=[SOME, NONE])
    assert len(list(client.follow(DONE.run))) == 1
    assert list(client.follow(DONE.run, after=9)) == []


def test_a_run_whose_last_event_is_not_kept_any_more_is_not_waited_for() -> None:
    client, transport = client_of([[Events()("reset"), UnavailableError("asked again")]], run=[DONE], events=[NONE])
    assert [event.kind for event in client.follow(RUNNING.run)] == ["reset"]
    assert transport.cursors == [0]


def test_a_control_plane_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = iter(range(0, 10_000, 20))
    monkeypatch.setattr("time.monotonic", lambda: float(next(passed)))
    client, _ = client_of([[AWAY]], run=[AWAY])
    with pytest.raises(UnavailableError, match="away"):
        list(client.follow(RUNNING.run))
    assert next(passed) > clients.PATIENCE


def test_an_endpoint_is_watched_until_the_generation_that_was_asked_for_serves() -> None:
    story: list[Any] = [
        an_endpoint(),
        AWAY,
        an_endpoint(),
        an_endpoint(seen(EndpointState.READY, generation=1)),
        an_endpoint(seen(EndpointState.READY, generation=2)),
    ]
    client, _ = client_of([], endpoint=story)
    watched: list[Endpoint] = list(client.watch_endpoint(an_endpoint(generation=2)))
    assert [one.observed.generation if one.observed else None for one in watched] == [None, 1, 2]


@pytest.mark.parametrize(
    "observed",
    [
        seen(EndpointState.FAILED, generation=2, message="xgboost is missing", hint="Install it."),
        seen(EndpointState.READY, generation=1, failed_generation=2, message="xgboost is missing", hint="Install it."),
    ],
)
def test_a_generation_that_does_not_load_is_an_error_with_its_hint(observed: Any) -> None:
    client, _ = client_of([], endpoint=[an_endpoint(observed)])
    with pytest.raises(GristmillError, match="xgboost is missing") as caught:
        client.wait_for_endpoint(an_endpoint(generation=2))
    assert caught.value.hint == "Install it."


def test_a_failure_of_an_earlier_generation_is_not_this_ones() -> None:
    story = [
        an_endpoint(seen(EndpointState.FAILED, generation=1, failed_generation=1, message="old")),
        an_endpoint(seen(EndpointState.READY, generation=2)),
    ]
    client, _ = client_of([], endpoint=story)
    assert client.wait_for_endpoint(an_endpoint(generation=2)).observed == seen(EndpointState.READY, generation=2)


def test_an_endpoint_that_waits_is_given_up_in_time_and_says_what_for(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = iter(range(0, 10_000, 10))
    monkeypatch.setattr("time.monotonic", lambda: float(next(passed)))
    waits = an_endpoint(waiting="waiting for 1 core (0 free): endpoint other holds the rest")
    client, _ = client_of([], endpoint=[waits])
    watched: list[Endpoint] = []
    with pytest.raises(
        UnavailableError, match=r"does not serve generation .* after 60 s: waiting for 1 core"
    ) as caught:
        watched.extend(client.watch_endpoint(waits, timeout=60))
    assert "endpoint other" in caught.value.message
    assert "stays deployed" in (caught.value.hint or "")
    assert 6 <= next(passed) / 10 <= 9


def test_it_is_shown_that_an_endpoint_waits_while_it_does() -> None:
    waits = an_endpoint(waiting="waiting for 1 core")
    client, _ = client_of([], endpoint=[waits, an_endpoint(seen(EndpointState.READY, generation=2))])
    watched: list[Endpoint] = list(client.watch_endpoint(an_endpoint(generation=2)))
    assert [one.waiting for one in watched] == ["waiting for 1 core", None]
