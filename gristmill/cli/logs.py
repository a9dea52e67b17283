"""`gristmill runs logs`: what the notebook printed, in the order in which it did."""

import sys
from typing import TYPE_CHECKING

from gristmill.cli.options import AsJson, Follow, RunKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gristmill.cli.plain_text import PlainText
    from gristmill.client.client import Client
    from gristmill.core.wire import Event


def logs(run: RunKey, follow: Follow = False, as_json: AsJson = False) -> None:
    """Print what a run printed: streams, displays as text, tracebacks. With --json a line of JSON for each piece.

    Its colours and the like are kept where a terminal shows them, and in JSON.
    """
    from collections import defaultdict

    from gristmill.cli.plain_text import PlainText
    from gristmill.cli.session import connected
    from gristmill.client import api

    with connected() as client:
        found = client.send(api.get_run(run)).run
        plain: dict[str, PlainText] = defaultdict(PlainText)
        events = client.follow(found) if follow else past_events(client, found.id)
        for event in events:
            if event.kind == "log":
                _print(client, event, plain[str(event.data.get("stream"))], as_json=as_json)


def past_events(client: "Client", run: str) -> "Iterator[Event]":
    """What there is now, page by page."""
    from gristmill.client import api

    after = 0
    while (page := client.send(api.list_run_events(run, after=after))).events:
        yield from page.events
        after = page.next


def _print(client: "Client", event: "Event", plain: "PlainText", *, as_json: bool) -> None:
    """Where the terminal is a person's, what went to stderr is in another colour."""
    from gristmill.cli.terminal import takes_colour
    from gristmill.client import api

    text = client.send(api.get_blob(str(event.data["digest"]))).decode(errors="replace")
    if as_json:
        import json

        piece = {"time": event.time.isoformat(), "cell": event.data.get("cell"), "stream": event.data.get("stream")}
        text = json.dumps({**piece, "text": text}, ensure_ascii=False) + "\n"
    elif not takes_colour(sys.stdout):
        text = plain.take(text)
    elif event.data.get("stream") == "stderr":
        from gristmill.cli.output import styled

        text = styled(text, "red") if "\x1b" not in text else text
    sys.stdout.write(text)
    if event.data.get("cut") and not as_json:
        sys.stdout.write("\n… cut: the run printed more than is kept (GRISTMILL_LOG_LIMIT) …\n")
    sys.stdout.flush()
