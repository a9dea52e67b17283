"""Reading server-sent events (WHATWG HTML, section 9.2.6), as far as our streams go."""

import msgspec

from gristmill.core.wire import Event


class EventReader:
    """Fed line by line, answers an event where a blank line ends one. Comments are passed over."""

    def __init__(self) -> None:
        self._data: list[str] = []

    def feed(self, line: str) -> Event | None:
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        elif not line and self._data:
            text, self._data = "\n".join(self._data), []
            return msgspec.json.decode(text, type=Event)
        return None
