"""`panel.runs()`: the newest runs, live, to be ticked, compared, run again and deleted."""

from concurrent.futures import Future
from typing import Any

import traitlets
from ipywidgets import HTML, Checkbox, Dropdown, HBox, Output, Text, VBox

from gristmill.cli.quantities import ago, assignments, duration, exact
from gristmill.cli.run_list import result, shown_state
from gristmill.cli.run_result import took_seconds
from gristmill.cli.states import state_text
from gristmill.client import api
from gristmill.core.errors import InvalidInputError
from gristmill.core.wire import Event
from gristmill.runs.model import Run
from gristmill_lab.widgets import markup, plots
from gristmill_lab.widgets.asking import Asking
from gristmill_lab.widgets.confirming import Confirming
from gristmill_lab.widgets.panel import Panel

_MOST = 100
_AGES = 30.0  # seconds: "3 min ago" is to stay true


class RunsPanel(Panel):
    """Its traits are observable: `query`, `metric` and `selection` (ids of runs) are two-way; `runs` are shown."""

    every = _AGES
    query = traitlets.Unicode("")
    metric = traitlets.Unicode("")
    runs = traitlets.Tuple()  # of gristmill.runs.model.Run, the newest first
    selection = traitlets.Tuple()

    def __init__(self, query: str = "", *, limit: int = 20) -> None:
        if not 1 <= limit <= _MOST:
            raise InvalidInputError(f"limit must be from 1 to {_MOST}, got {limit}")
        super().__init__()
        self._limit = limit
        self._plot_of: dict[str, Any] | None = None
        self._query = Text(description="query", placeholder="metrics.auc > 0.9", continuous_update=False)
        self._metric = Dropdown(options=[""], description="metric")
        self._plot = Output()
        self._plot.add_class("grw-Plot")
        for one in (self._query, self._metric):
            one.add_class("grw-Input")
        self._lines: list[_Line] = []
        self._list = VBox()
        self._empty = HTML()
        again = self.button("Run again", self.rerun, tooltip="Run the ticked runs again, with the same values")
        cancel = self.button("Cancel", self.cancel, tooltip="Cancel those of the ticked runs that are not over")
        self._deleting = Confirming(self, "Delete", self._would_delete, self.delete)
        traitlets.link((self, "query"), (self._query, "value"))
        self._metric.observe(lambda change: self.set_trait("metric", change["new"] or ""), names="value")
        self.query = query
        self.begin(
            self._query, self._empty, self._list, HBox([again, cancel, self._deleting.row]), self._metric, self._plot
        )

    # What a person does ---------------------------------------------------------------------------------------------

    @property
    def selected(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs if run.id in self.selection)

    def rerun(self) -> "Future[None]":
        """Runs those that are ticked again."""
        return self._each("Run again", self._ticked(), api.rerun)

    def cancel(self) -> "Future[None]":
        return self._each("Cancel", [run for run in self._ticked() if not run.state.final], api.cancel_run)

    def delete(self) -> "Future[None]":
        """Deletes those that are ticked, with all that is kept of them."""
        return self._each("Delete", self._ticked(), api.delete_run)

    def _each(self, doing: str, chosen: list[Run], call: Any) -> "Future[None]":
        async def done(asking: Asking) -> None:
            for run in chosen:
                await asking.send(call(run.id))
            self.look()

        return self.act(doing, done)

    def _ticked(self) -> list[Run]:
        if not self.selected:
            raise InvalidInputError("no run is ticked", hint="Tick those that are meant.")
        return list(self.selected)

    def _would_delete(self) -> str:
        names = ", ".join(run.name for run in self._ticked())
        return f"Delete {names} with metrics, outputs and log?"

    # The thread's ---------------------------------------------------------------------------------------------------

    def concerns(self, event: Event) -> bool:
        return event.kind.startswith(("run.", "cell.", "metric", "attempt.", "progress"))

    async def refresh(self, asking: Asking) -> None:
        query = self.query.strip() or None
        found = await asking.send(api.list_runs(query=query, limit=self._limit))
        self.runs = found
        self.selection = tuple(one for one in self.selection if one in {run.id for run in found})
        self._show()

    @traitlets.observe("query")
    def _asked(self, _: Any) -> None:
        self.look()

    @traitlets.observe("selection")
    def _selected(self, _: Any) -> None:
        for line in self._lines:
            line.tick(self.selection)

    @traitlets.observe("metric")
    def _drawn(self, _: Any) -> None:
        self._draw()

    # What is seen ---------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        super()._show()
        none = "No run is like that." if self.query.strip() else "No run yet."
        self._empty.value = "" if self.runs else markup.status(none)
        while len(self._lines) < len(self.runs):
            self._lines.append(_Line(self._tick))
            self._list.children = tuple(line.box for line in self._lines)
        for at, line in enumerate(self._lines):  # lines are kept: none is made or closed by what happens
            line.show(self.runs[at] if at < len(self.runs) else None, self.selection)
        names = sorted({name for run in self.runs for name in run.metrics if not name.startswith("system/")})
        if (wanted := ["", *names]) != list(self._metric.options):
            before = self._metric.value
            self._metric.options = wanted
            self._metric.value = before if before in wanted else ""
        self._draw()

    def _draw(self) -> None:
        if self.metric in self._metric.options and self._metric.value != self.metric:
            self._metric.value = self.metric
        found = {run.name: run.metrics[self.metric].value for run in reversed(self.runs) if self.metric in run.metrics}
        shown = plots.points(self.metric, found)
        if shown != self._plot_of:
            self._plot_of = shown
            self._plot.outputs = plots.as_output(shown, plots.in_words(shown)) if shown else ()

    def _tick(self, run: str, ticked: bool) -> None:  # noqa: FBT001  # a checkbox's value
        others = tuple(one for one in self.selection if one != run)
        self.selection = (*others, run) if ticked else others

    def title(self) -> str:
        return "Runs"

    def summary(self) -> str:
        return f"gristmill.panel.runs({self.query!r}): {len(self.runs)} runs"

    def milestone(self) -> object:
        return tuple((run.id, run.state) for run in self.runs if run.state.final)

    def fallback(self) -> str:
        if not self.runs:
            return "<p><strong>Runs</strong>: they are shown where a kernel lives.</p>"
        rows = [(run.name, markup.state(shown_state(run)), result(run), _set(run), _took(run)) for run in self.runs]
        return markup.table(rows, ("name", "state", "result", "parameters", "time"), label="Runs")


class _Line:
    """One line of the list; which run stands in it changes."""

    def __init__(self, tick: Any) -> None:
        self._run: str | None = None
        self._tick = tick
        self._showing = False
        self._box, self._text = Checkbox(indent=False), HTML()
        self._box.observe(self._ticked, names="value")
        self.box = HBox([self._box, self._text])
        self.box.add_class("grw-Line")

    def show(self, run: Run | None, selection: tuple[str, ...]) -> None:
        self._run = run.id if run else None
        self.box.layout.display = "none" if run is None else ""
        if run is not None:
            self._box.description = f"{state_text(shown_state(run))} {run.name}"
            when = f'<span title="{markup.escaped(exact(run.created_at))}">{markup.escaped(ago(run.created_at))}</span>'
            parts = [markup.escaped(part) for part in (result(run), _set(run), _took(run)) if part]
            self._text.value = " · ".join([*parts, when])
        self.tick(selection)

    def tick(self, selection: tuple[str, ...]) -> None:
        self._showing = True
        try:
            self._box.value = self._run in selection
        finally:
            self._showing = False

    def _ticked(self, change: Any) -> None:
        if not self._showing and self._run is not None:
            self._tick(self._run, change["new"])


def _set(run: Run) -> str:
    return assignments({name: run.parameters[name] for name in run.given})


def _took(run: Run) -> str:
    seconds = took_seconds(run)
    return duration(seconds) if seconds is not None else ""
