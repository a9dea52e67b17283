"""`gristmill runs events`: everything that was recorded of a run."""

from typing import TYPE_CHECKING

from gristmill.cli.options import AsJson, Follow, RunKey

if TYPE_CHECKING:
    from gristmill.core.wire import Event

_LONGEST = 100


def events(run: RunKey, follow: Follow = False, as_json: AsJson = False) -> None:
    """Print a run's events, oldest first. With --json a line of JSON for each."""
    from gristmill.cli.logs import past_events
    from gristmill.cli.session import connected
    from gristmill.client import api

    with connected() as client:
        found = client.send(api.get_run(run)).run
        for event in client.follow(found) if follow else past_events(client, found.id):
            _print(event, as_json=as_json)


def _print(event: "Event", *, as_json: bool) -> None:
    import json
    import sys

    from gristmill.cli.output import say, styled

    if as_json:
        import msgspec

        say(msgspec.json.encode(event).decode())
    else:
        data = json.dumps(event.data, ensure_ascii=False) if event.data else ""
        shown = data if len(data) <= _LONGEST else data[: _LONGEST - 1] + "…"
        at = event.time.astimezone().strftime("%H:%M:%S.%f")[:-3]
        say(f"{event.seq:>6}  {at}  {styled(event.kind.ljust(18), bold=True)}  {styled(shown, 'bright_black')}")
    sys.stdout.flush()
