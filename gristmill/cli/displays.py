"""How a run is shown while it goes on: live on a terminal, by lines elsewhere, not at all for programs."""

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gristmill.cli.output import say, state
from gristmill.cli.quantities import clock_face, duration, metric
from gristmill.cli.states import look
from gristmill.cli.terminal import is_terminal
from gristmill.cli.watched import Watched
from gristmill.core.wire import Event

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

_BAR = 40
_METRICS = 8  # shown while it runs; the rest comes with the end


class Display(ABC):
    """`take` is told every event, in order, behind the watched run that has taken it already."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched

    @abstractmethod
    def take(self, event: Event) -> None: ...

    def close(self) -> None:  # noqa: B027  # most displays have nothing to leave behind
        """Leaves the screen as it is for what is printed next."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def display_for(watched: Watched, *, quiet: bool) -> Display:
    if quiet:
        return Silence(watched)
    return Live(watched) if is_terminal() else Lines(watched)


class Silence(Display):
    def take(self, event: Event) -> None:
        """Nothing is shown."""


class Lines(Display):
    """A line for whatever happens: for logs of other programs, and terminals that cannot move their cursor."""

    def take(self, event: Event) -> None:
        data = event.data
        if event.kind.startswith("run.") and "state" in data and not self.watched.state.final:
            say(f"{state(self.watched.state.value).text}{self._which()}")
        elif event.kind == "run.waiting":
            say(f"{look('waiting').icon} {self.watched.waiting}" if self.watched.waiting else "goes on")
        elif event.kind == "run.cancelling":
            say(state("cancelling").text)
        elif event.kind == "cell.finished":
            failed = " failed" if data.get("failed") else ""
            say(f"cell {data.get('number')} of {data.get('of')}{failed}  {duration(float(data.get('seconds', 0)))}")
        elif event.kind == "log" and data.get("tail"):
            say(f"  {self.watched.tail}")
        elif event.kind == "metric":
            for name in data.get("metrics", {}):
                say(f"  {name} {metric(self.watched.metrics[name])}")

    def _which(self) -> str:
        return f", attempt {self.watched.attempt}" if self.watched.attempt > 1 else ""


class Live(Display):
    """Redrawn in place a few times a second; gone when the run is over, for its result to stand there."""

    def __init__(self, watched: Watched) -> None:
        super().__init__(watched)
        from rich.console import Console
        from rich.live import Live as RichLive

        self._live = RichLive(
            console=Console(highlight=False),
            get_renderable=self.draw,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def take(self, event: Event) -> None:
        """The screen draws itself."""

    def close(self) -> None:
        self._live.stop()

    def draw(self) -> "Group":
        from rich.console import Group

        return Group(*(self._head(), *self._progress(), *self._metrics()))

    def _head(self) -> "RenderableType":
        from rich.text import Text

        watched = self.watched
        seen = look(watched.shown)
        passed = clock_face(watched.seconds(datetime.now(UTC))) if watched.began else ""
        attempt = f"attempt {watched.attempt}" if watched.attempt > 1 else ""
        cells = f"cell {watched.cell} of {watched.cells}" if watched.cells else ""
        parts = [part for part in (watched.waiting or "", attempt, cells, passed) if part]
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{seen.icon} {watched.shown}", style=seen.colour or "")
        line.append(f"  {watched.run.name}", style="bold")
        line.append(f"  {' · '.join(parts)}" if parts else "")
        return line

    def _progress(self) -> "list[RenderableType]":
        from rich.text import Text

        watched = self.watched
        if not watched.cells:
            return []
        full = round(watched.share * _BAR)
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append("━" * full, style="cyan").append("━" * (_BAR - full), style="bright_black")
        part = f"  {watched.fraction:.0%}" if watched.fraction is not None else ""
        line.append(f"{part}  {watched.message or ''}".rstrip())
        return [line, *([Text(watched.tail, no_wrap=True, overflow="ellipsis")] if watched.tail else [])]

    def _metrics(self) -> "list[RenderableType]":
        from rich.text import Text

        named = list(self.watched.metrics.items())[-_METRICS:]
        longest = max((len(name) for name, _ in named), default=0)
        return [
            Text.assemble(("  " + name.ljust(longest), "bright_black"), f"  {metric(one)}", no_wrap=True)
            for name, one in named
        ]
