"""`panel.endpoint("churn")`: how it is, what it is asked for, and a request to try it with."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import traitlets
from ipywidgets import HTML, HBox, Output, Textarea

from gristmill.cli.endpoint_page import serves, shown_state
from gristmill.cli.quantities import duration, number
from gristmill.client import api
from gristmill.client.snippets import shortened
from gristmill.core.errors import GristmillError, InvalidInputError, NotFoundError, UnavailableError
from gristmill.core.wire import Event
from gristmill.endpoints.model import Endpoint, EndpointState, Traffic
from gristmill_lab.calling import Answered
from gristmill_lab.widgets import markup, plots
from gristmill_lab.widgets.asking import Asking
from gristmill_lab.widgets.confirming import Confirming
from gristmill_lab.widgets.panel import Panel
from gristmill_lab.widgets.rates import kept, rates

_LINE = 100  # characters; a longer answer is shown with its parts below each other
_TRAFFIC = 2.0  # seconds between two looks at what it has counted


class EndpointPanel(Panel):
    """Its traits are observable: `request` is two-way, `answer`, `state` and `endpoint` tell."""

    every = _TRAFFIC
    name = traitlets.Unicode()
    state = traitlets.Unicode("")
    endpoint = traitlets.Any(None, allow_none=True)  # a gristmill.endpoints.model.Endpoint
    request = traitlets.Any(None, allow_none=True)  # what JSON can hold
    answer = traitlets.Any(None, allow_none=True)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self._known = False
        self._samples: tuple[Traffic, ...] = ()
        self._plot_of: dict[str, Any] | None = None
        self._example_of: str | None = None
        self._facts, self._answer, self._plot = HTML(), HTML(), Output()
        self._plot.add_class("grw-Plot")
        self._request = Textarea(description="request", rows=4, continuous_update=False)
        self._request.add_class("grw-Input")
        self._request.add_class("grw-mod-wide")
        self._predict = self.button("Predict", self.predict, style="primary")
        self._deleting = Confirming(self, "Delete", self._would_delete, self.delete)
        self._request.observe(self._typed, names="value")
        actions = HBox([self._predict, self._deleting.row])
        actions.add_class("grw-Row")
        self.begin(self._facts, self._plot, self._request, actions, self._answer)

    # What a person does ---------------------------------------------------------------------------------------------

    def predict(self) -> "Future[Answered]":
        """Sends `request`; what comes is `answer`."""
        body = _json(self._request.value)
        encoded = json.dumps(body).encode()
        return self.act("Predict", lambda asking: asking.predict(self.name, encoded), self._answered, self._refused)

    def delete(self) -> "Future[Endpoint]":
        return self.act("Delete", lambda asking: asking.delete_endpoint(self.name), lambda _: self.look())

    def _would_delete(self) -> str:
        callers = {one.name or one.key for one in self._samples[-1].callers} if self._samples else set()
        called = f" {', '.join(sorted(callers))} called it." if callers else ""
        url = f" Its URL {self.endpoint.url} answers no more." if self.endpoint else ""
        return f"Delete endpoint {self.name}?{url}{called}"

    def _answered(self, answered: Answered) -> None:
        text = json.dumps(answered.answer, ensure_ascii=False)
        if len(text) > _LINE:
            text = json.dumps(answered.answer, ensure_ascii=False, indent=1)
        took = f"{number(answered.milliseconds)} ms"
        self._answer.value = f'<div role="status">Answer in {took}<pre>{markup.escaped(text)}</pre></div>'
        self.answer = answered.answer

    def _refused(self, _: GristmillError) -> None:
        self._answer.value = ""
        self.answer = None

    # The thread's ---------------------------------------------------------------------------------------------------

    def concerns(self, event: Event) -> bool:
        return event.kind.startswith("endpoint.") and event.data.get("name") == self.name

    async def refresh(self, asking: Asking) -> None:
        try:
            found = await asking.send(api.get_endpoint(self.name))
        except NotFoundError:
            self.endpoint, self._samples = None, ()
        else:
            self.endpoint = found
            if found.state is EndpointState.READY:
                await self._count(asking)
                await self._exemplify(asking, found)
        self._known = True
        self._show()
        self.state = shown_state(self.endpoint) if self.endpoint else "absent"

    async def _count(self, asking: Asking) -> None:
        try:
            self._samples = kept(self._samples, await asking.send(api.get_traffic(self.name)))
        except UnavailableError:
            self._samples = ()  # its worker is another one just now

    async def _exemplify(self, asking: Asking, endpoint: Endpoint) -> None:
        """The model's own input example is a request to begin with; what somebody typed stays."""
        variant = endpoint.variants[0]
        served = f"{variant.model}/{variant.version}"
        if served == self._example_of or self._request.value.strip():
            return
        try:
            version = await asking.send(api.get_model_version(variant.model, variant.version))
        except (NotFoundError, UnavailableError):
            return  # without MLflow, or its version, there is no example
        self._example_of = served
        if version.input_example:
            self.request = shortened(version.input_example)

    # What is seen ---------------------------------------------------------------------------------------------------

    def _typed(self, change: Any) -> None:
        try:
            self.request = _json(change["new"]) if change["new"].strip() else None
        except InvalidInputError as error:
            self.refuse(error)
        else:
            self._said.value = ""

    @traitlets.observe("request")
    def _requested(self, change: Any) -> None:
        wanted = change["new"]
        if wanted is not None and (not self._request.value.strip() or _json(self._request.value) != wanted):
            self._request.value = json.dumps(wanted, ensure_ascii=False)

    def _show(self) -> None:
        super()._show()
        self._facts.value = self._told_of()
        there = self.endpoint is not None
        self._deleting.row.layout.display = "" if there else "none"
        if not self._acting:
            self._predict.disabled = self.dormant or not there
        history = rates(self._samples).history
        shown = _drawn(history) if any(history) else None
        if shown != self._plot_of:
            self._plot_of = shown
            self._plot.outputs = plots.as_output(shown, plots.in_words(shown)) if shown else ()

    def _busy(self, change: int) -> None:
        super()._busy(change)
        self._show()

    def _told_of(self) -> str:
        endpoint: Endpoint | None = self.endpoint
        if endpoint is None:
            none = f"There is no endpoint {self.name}: deploy a model version under this name."
            return markup.status(none) if self._known else ""
        now, seen = rates(self._samples), endpoint.observed
        last = self._samples[-1] if self._samples else None
        rows: list[tuple[markup.Cell, markup.Cell]] = [("serves", serves(endpoint)), ("URL", endpoint.url)]
        if endpoint.gateway:
            rows.append(("from outside", endpoint.gateway))
        if last is not None:
            rows.append(("requests", f"{last.requests}, {last.refused} refused, {last.failed} failed"))
        rows += [
            (name, told(one)) for name, one, told in _measures(now.per_second, now.p50, now.p99) if one is not None
        ]
        if endpoint.waiting:
            rows.append(("waits", endpoint.waiting))
        said = markup.problem(GristmillError(seen.message, hint=seen.hint)) if seen and seen.message else ""
        return said + markup.table(rows, label=f"Endpoint {self.name}")

    def title(self) -> str:
        shown = markup.state(shown_state(self.endpoint)).text if self.endpoint else ""
        return f"Endpoint {markup.escaped(self.name)} {shown}"

    def summary(self) -> str:
        said = shown_state(self.endpoint) if self.endpoint else "not there"
        return f"gristmill.panel.endpoint({self.name!r}): {said}"

    def fallback(self) -> str:
        return f"<p><strong>{self.title()}</strong></p>{self._told_of()}"


def _measures(
    per_second: float | None, p50: float | None, p99: float | None
) -> tuple[tuple[str, float | None, Callable[[float], str]], ...]:
    return (
        ("per second", per_second, number),
        ("p50", p50, duration),
        ("p99", p99, duration),
    )


def _drawn(history: tuple[float, ...]) -> dict[str, Any]:
    back = [round((at - len(history) + 1) * _TRAFFIC) for at in range(len(history))]
    trace = {"type": "scatter", "mode": "lines", "name": "requests per second", "x": back, "y": list(history)}
    return plots.figure([trace], "seconds")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"the request is no JSON: {error}", hint='For example: {"inputs": [[1, 2]]}') from error
