"""`panel.run("train.ipynb")`: its parameters as a form, the run as it goes, and what comes of it."""

import json
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import traitlets
from ipywidgets import HTML, Checkbox, Dropdown, HBox, Output, Text

from gristmill.cli.quantities import clock_face, duration, metric, value
from gristmill.cli.run_list import shown_state, waiting
from gristmill.client import api
from gristmill.core.clock import SystemClock
from gristmill.core.errors import ConflictError, GristmillError, InvalidInputError, NotFoundError
from gristmill.core.wire import Event
from gristmill.models.model import ModelVersion, RegisterRequest
from gristmill.runs.model import LoggedModel, Metric, Run, RunState
from gristmill.secrets.model import SecretGrant
from gristmill_lab.launch import Launched, RunOrder
from gristmill_lab.reading import NotebookFacts, read
from gristmill_lab.widgets import markup, plots
from gristmill_lab.widgets.asking import Asking
from gristmill_lab.widgets.deploying import Deploying
from gristmill_lab.widgets.form import Form
from gristmill_lab.widgets.options import Choice, Options, lacking_data
from gristmill_lab.widgets.panel import Panel

_RUNNING = 2.0  # seconds between two looks at a run that goes on: its time is shown


class RunPanel(Panel):
    """Its traits are observable: `parameters`, `run`, `state`, `metrics`, `version`.

    `parameters` is two-way: `panel.parameters = {"depth": 4}` sets the form, and what is left out keeps its value. So
    are `options` (`name`, `labels`, `timeout` in minutes, `retries`), `profile`, `environment`, and `data_roots`:
    places in the project that are data roots from the next run on.
    """

    parameters = traitlets.Dict()
    options = traitlets.Dict()
    profile = traitlets.Unicode(None, allow_none=True)
    environment = traitlets.Unicode(None, allow_none=True)
    data_roots = traitlets.Tuple()
    run = traitlets.Any(None, allow_none=True)  # a gristmill.runs.model.Run
    state = traitlets.Unicode("")
    metrics = traitlets.Dict()  # name: number
    version = traitlets.Any(None, allow_none=True)  # a gristmill.models.model.ModelVersion, once it is registered

    def __init__(self, notebook: str | Path) -> None:
        facts = _facts(Path(notebook))
        super().__init__()
        self.notebook = Path(notebook)
        self._place = self.notebook.resolve()  # a cell may go to another folder later
        self._facts = facts
        self._form = Form(facts.parameters, self._typed)
        self._plot_of: dict[str, Any] | None = None
        self._profiles = Choice("profile", lambda name: self.set_trait("profile", name))
        self._environments = Choice("environment", lambda name: self.set_trait("environment", name))
        self._choices = {"profile": self._profiles, "environment": self._environments}
        self._options = Options(self._opted)
        self._lacking: tuple[str, ...] = ()
        self._data_button = self.button("", self._use_data)
        self._data_button.layout.width = "auto"
        self._secrets = {name: _secret(name) for name in facts.secrets}
        self._facts_shown, self._plot = HTML(), Output()
        self._plot.add_class("grw-Plot")
        self._name = Text(description="model", placeholder="its name", continuous_update=False)
        self._name.add_class("grw-Input")
        self._run_button = self.button("Run", self.start, style="primary")
        self._cancel_button = self.button("Cancel", self.cancel)
        self._register_button = self.button("Register", lambda: self.register(self._name.value))
        self._models = Dropdown(options=[], description="of")
        self._models.add_class("grw-Input")
        self._register_row = _row(self._models, self._name, self._register_button)
        self._deploying = Deploying(self)
        self.parameters, self.options = self._form.values, self._options.form.values
        self.begin(
            self._form.box,
            *self._secrets.values(),
            self._profiles.input,
            self._environments.input,
            self._options.box,
            _row(self._run_button, self._cancel_button, self._data_button),
            self._facts_shown,
            self._plot,
            self._register_row,
            self._deploying.row,
        )

    # What a person does ---------------------------------------------------------------------------------------------

    def start(self) -> "Future[Launched]":
        """Runs the notebook as it stands on disk, with these values. It is queued when this is done."""
        order = RunOrder(
            path=str(self.notebook),
            parameters=self._form.changed_values(),
            profile=self.profile,
            environment=self.environment,
            data_roots=self.data_roots,
            secrets=tuple(SecretGrant(name=name) for name, tick in self._secrets.items() if tick.value),
            **self._options.order(),
        )
        return self.act("Run", lambda asking: asking.launch(self._place, order), self._launched, self._refused)

    def cancel(self) -> "Future[Run]":
        run = self._own_run()
        return self.act("Cancel", lambda asking: asking.send(api.cancel_run(run.id)), self._take)

    def register(self, name: str) -> "Future[ModelVersion]":
        """A new version of the registered model `name`, of what the run logged."""
        run = self._own_run()
        if not name.strip():
            raise InvalidInputError("the model needs a name to be registered under", hint="For example: churn")
        request = RegisterRequest(run=run.id, model=self._models.value if len(run.models) > 1 else None)
        return self.act("Register", lambda asking: asking.send(api.register_model(name, request)), self._registered)

    def deploy(self, endpoint: str) -> "Future[Any]":
        """Deploys the registered version to this endpoint."""
        return self._deploying.deploy(endpoint)

    def _own_run(self) -> Run:
        if self.run is None:
            raise ConflictError(f"there is no run of {self.notebook.name} from here yet", hint="Run it first.")
        found: Run = self.run
        return found

    # The thread's ---------------------------------------------------------------------------------------------------

    def concerns(self, event: Event) -> bool:
        return self.run is not None and event.subject == self.run.id

    async def refresh(self, asking: Asking) -> None:
        if not self._profiles.has(self.profile):
            profiles = await asking.send(api.list_profiles())
            self._offer_names("profile", [one.profile.name for one in profiles])
        if not self._environments.has(self.environment):
            environments = await asking.send(api.list_environments())
            self._offer_names("environment", [one.name for one in environments])
        if self.run is None:
            return
        asked = self.run.id
        found_run = (await asking.send(api.get_run(asked))).run
        if self.run.id != asked:
            return  # another one was started meanwhile
        self._take(found_run)
        if any(one.step for one in self.run.metrics.values()):
            history = await asking.send(api.get_history(asked))
            self._draw(plots.curves([one for one in history.metrics if not one.name.startswith("system/")]))

    def _offer_names(self, trait: str, names: list[str]) -> None:
        chosen: str | None = getattr(self, trait)
        try:
            self._choices[trait].offer(names, chosen)
        except InvalidInputError as error:
            self.set_trait(trait, None)
            self.refuse(error)

    def _refused(self, error: GristmillError) -> None:
        self._form.mark(error)
        self._options.mark(error, self._form.names)
        self._lacking = lacking_data(error)
        self._show()

    def _use_data(self) -> "Future[Launched]":
        self.data_roots = (*self.data_roots, *self._lacking)
        return self.start()

    def _launched(self, launched: Launched) -> None:
        self._draw(None)
        self.version, self._lacking = None, ()
        self._take(launched.run)
        if launched.notices:
            self._said.value = markup.status(" ".join(launched.notices))
        self.look()

    def _registered(self, version: ModelVersion) -> None:
        self.version = version
        self._deploying.offer(version)
        self._show()

    def _take(self, run: Run) -> None:
        if self.run is not None and self.run.id == run.id and self.run.state.final and not run.state.final:
            return  # an answer that was overtaken
        self.every = None if run.state.final else _RUNNING
        self.run = run
        self.metrics = {name: one.value for name, one in run.metrics.items()}
        self._show()
        self.state = run.state.value  # the last: who waits for it finds the rest as it is then

    def _draw(self, shown: dict[str, Any] | None) -> None:
        if shown != self._plot_of:
            self._plot_of = shown
            self._plot.outputs = plots.as_output(shown, plots.in_words(shown)) if shown else ()

    @property
    def figure(self) -> Any:
        """The curves as a `plotly.graph_objects.Figure`; None where the run has none."""
        from plotly.graph_objects import Figure

        return Figure(data=self._plot_of["data"], layout=self._plot_of["layout"]) if self._plot_of else None

    # What is seen ---------------------------------------------------------------------------------------------------

    def _typed(self) -> None:
        self.set_trait("parameters", self._form.values)
        self._show()

    def _opted(self) -> None:
        self.set_trait("options", self._options.form.values)
        self._show()

    @traitlets.validate("parameters", "options")
    def _written(self, proposal: Any) -> dict[str, Any]:
        given: Mapping[str, Any] = proposal["value"]
        form = self._form if proposal["trait"].name == "parameters" else self._options.form
        if given != form.values:
            form.write(given)
        return dict(form.values)

    def _show(self) -> None:
        super()._show()
        run: Run | None = self.run
        running = run is not None and not run.state.final
        if not self._acting:
            self._run_button.disabled = self.dormant or self._faulty
            self._data_button.disabled = self._run_button.disabled
        self._data_button.layout.display = "" if self._lacking else "none"
        self._data_button.description = f"Use {', '.join(self._lacking)} as a data root and run"
        self._cancel_button.layout.display = "" if running else "none"
        offers = run is not None and run.state is RunState.SUCCEEDED and bool(run.models) and self.version is None
        self._register_row.layout.display = "" if offers else "none"
        if offers and run is not None:
            self._offer(run.models)
        self._facts_shown.value = _of_run(run) if run else _fault(self._facts)

    @property
    def _faulty(self) -> bool:
        return bool(self._form.faults or self._options.form.faults) or self._facts.fault is not None

    def _offer(self, models: tuple[LoggedModel, ...]) -> None:
        self._models.layout.display = "" if len(models) > 1 else "none"
        if (wanted := [(f"{one.name} {one.id}", one.id) for one in models]) != list(self._models.options):
            self._models.options = wanted
            self._models.value = models[-1].id
        self._name.value = self._name.value or models[-1].name

    @traitlets.observe("profile", "environment")
    def _chosen(self, change: Any) -> None:
        """What is not known yet is looked for, and refused only then: it may have been made since the last look."""
        if not self._choices[change["name"]].choose(change["new"]):
            self.look()

    def _busy(self, change: int) -> None:
        super()._busy(change)
        self._show()

    def title(self) -> str:
        shown = markup.state(shown_state(self.run)).text if self.run else ""
        return f"Run {markup.escaped(self.notebook.name)} {shown}"

    def summary(self) -> str:
        said = f"{self.run.name} {shown_state(self.run)}" if self.run else "not run yet"
        return f"gristmill.panel.run({str(self.notebook)!r}): {said}"

    def milestone(self) -> object:
        """That a run began or ended, and that its model was registered: not each of its cells."""
        run: Run | None = self.run
        return (run.id, run.state if run.state.final else None, self.version) if run else None

    def fallback(self) -> str:
        given = markup.table([(name, value(one)) for name, one in self.parameters.items()], label="Parameters")
        return f"<p><strong>{self.title()}</strong></p>{given}{_of_run(self.run) if self.run else ''}"


def _facts(notebook: Path) -> NotebookFacts:
    try:
        return read(json.loads(notebook.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise NotFoundError(
            f"there is no notebook {notebook} in {Path.cwd()}", hint="Name it as seen from this notebook's folder."
        ) from error
    except ValueError as error:
        if isinstance(error, GristmillError):
            raise
        raise InvalidInputError(f"{notebook} is no notebook: {error}") from error


def _fault(facts: NotebookFacts) -> str:
    return markup.problem(GristmillError(facts.fault, hint=facts.hint)) if facts.fault else ""


def _of_run(run: Run) -> str:
    """What is known of a run, the answer first."""
    rows: list[tuple[markup.Cell, markup.Cell]] = [(name, metric(one)) for name, one in sorted(_own(run).items())]
    rows += [("run", f"{run.name} (number {run.number})"), ("time", _time(run))]
    if why := waiting(run):
        rows.append(("waits", why))
    if run.attempt is not None and not run.state.final and run.attempt.progress.cells:
        progress = run.attempt.progress
        said = f": {progress.message or progress.tail}" if progress.message or progress.tail else ""
        rows.append(("cell", f"{progress.cell} of {progress.cells}{said}"))
    problem = ""
    if run.fault is not None:
        cell = f"Cell at {run.fault.cell}: " if run.fault.cell is not None else ""
        problem = markup.problem(GristmillError(f"{cell}{run.fault.message}", hint=run.fault.hint))
    return problem + markup.table(rows, label=f"Run {run.name}")


def _own(run: Run) -> dict[str, Metric]:
    return {name: one for name, one in run.metrics.items() if not name.startswith("system/")}


def _time(run: Run) -> str:
    if run.started_at is None:
        return "not started"
    if run.ended_at is None:
        return clock_face((SystemClock().now() - run.started_at).total_seconds())
    return duration((run.ended_at - run.started_at).total_seconds())


def _secret(name: str) -> Any:
    made = Checkbox(description=f"grant the secret {name}", value=False)
    made.add_class("grw-Input")
    return made


def _row(*parts: Any) -> HBox:
    row = HBox(list(parts))
    row.add_class("grw-Row")
    return row
