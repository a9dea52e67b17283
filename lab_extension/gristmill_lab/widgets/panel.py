"""What all panels have in common: a head, what was refused, a place among the widgets, and an end."""

from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from ipywidgets import HTML, Button, VBox, Widget

from gristmill.cli.quantities import exact
from gristmill.core.errors import ForbiddenError, GristmillError
from gristmill.core.wire import Event
from gristmill_lab.messages import StateMessage
from gristmill_lab.widgets import kernel, markup
from gristmill_lab.widgets.asking import Asking
from gristmill_lab.widgets.style import STYLE

T = TypeVar("T")

IN_A_RUN = "This notebook is being run: panels are for who works with it, and do nothing here."


class Panel(VBox):
    """An ipywidgets widget, to be displayed, put among others and closed as any other.

    Who makes one checks first what may be refused: a widget that is half made stays, for nobody closes it.

    What it shows is brought up to date by the thread that all panels of a kernel share (`live`), and so are its traits:
    who observes them is called there. A cell that runs again closes what it made before.
    """

    every: float | None = None

    def __init__(self) -> None:
        self._head = HTML()
        self._said = HTML()  # what came of what was done in it
        self._fault = HTML()  # why it could not be brought up to date
        self._told = HTML()  # how the control plane is
        self._head.add_class("grw-Head")
        self._acting = 0
        self._buttons: list[Button] = []
        self._recorded: object = None
        self._recording = False
        self.dormant = kernel.in_a_run()
        super().__init__()
        self._named = self.model_id  # it has none once it is closed
        self.add_class("grw-Panel")

    def begin(self, *parts: Any) -> None:
        """The last of its making: it has these parts, and lives from now on."""
        style = HTML(f"{STYLE}<style>.{self._record_class} {{ display: none; }}</style>")
        self.children = (style, self._head, *parts, self._said, self._fault, self._told)
        self._show()
        if self.dormant:
            self._told.value = markup.status(IN_A_RUN)
            return
        kernel.CELLS.keep(self)
        kernel.LIVE.add(self)

    # For the thread -------------------------------------------------------------------------------------------------

    def concerns(self, event: Event) -> bool:
        raise NotImplementedError

    async def refresh(self, asking: Asking) -> None:
        raise NotImplementedError

    def told(self, state: StateMessage, through: str) -> None:
        """How the control plane is: what is shown stays, and since when it is old is said."""
        if state.state == "away":
            away = f"Not live since {exact(state.since)}: {state.message or 'the control plane does not answer'}"
            self._told.value = markup.status(f"{away} {state.hint or ''}")
        else:
            self._told.value = markup.status(through)

    def refreshed(self, error: GristmillError | None) -> None:
        """Beside what was done, not instead: what came of that stays until something else is done."""
        self._fault.value = "" if error is None else markup.problem(error)

    # For those who make one -----------------------------------------------------------------------------------------

    def title(self) -> str:
        """The head, as HTML."""
        raise NotImplementedError

    def fallback(self) -> str:
        """What is read where no kernel lives, as HTML."""
        raise NotImplementedError

    def summary(self) -> str:
        """One line of text."""
        raise NotImplementedError

    def milestone(self) -> object:
        """Another value of this is worth to be kept in the notebook."""
        return self.summary()

    def _show(self) -> None:
        """Puts what is known where it is seen; does nothing where it is shown already."""
        self._head.value = self.title()
        if self._recording and self.milestone() != self._recorded:
            self._record(update=True)

    def button(self, text: str, act: Callable[[], object], *, style: str = "", tooltip: str = "") -> Button:
        """A press that is refused on the spot is said where the outcome would be."""

        def pressed(_: Button) -> None:
            self._said.value = ""
            try:
                act()
            except GristmillError as error:
                self.refuse(error)

        made = Button(description=text, button_style=style, tooltip=tooltip or text)
        made.on_click(pressed)
        self._buttons.append(made)
        return made

    def refuse(self, error: GristmillError) -> None:
        """Says it where the outcome of what is done is said."""
        self._said.value = markup.problem(error)

    def act(
        self,
        doing: str,
        work: Callable[[Asking], Awaitable[T]],
        then: Callable[[T], None] = lambda _: None,
        refused: Callable[[GristmillError], None] = lambda _: None,
    ) -> "Future[T]":
        """Does something in the thread; nobody waits for it. What comes of it is said."""
        if self.dormant or self.comm is None:
            raise ForbiddenError(
                f"{doing} is not done here: {'this is a run' if self.dormant else 'the panel is closed'}",
                hint="Run the cell in a notebook that is open.",
            )
        self._said.value = markup.status(f"{doing}…")
        self._busy(1)

        async def done(asking: Asking) -> T:
            try:
                came = await work(asking)
            except GristmillError as error:
                refused(error)
                self._said.value = markup.problem(error, doing)
                raise
            except Exception as error:
                self._said.value = markup.problem(GristmillError(f"{type(error).__name__}: {error}"), doing)
                raise
            finally:
                self._busy(-1)
            self._said.value = ""
            then(came)
            return came

        return kernel.LIVE.submit(done)

    def _busy(self, change: int) -> None:
        self._acting += change
        for button in self._buttons:
            button.disabled = self._acting > 0

    def look(self) -> None:
        """Asks anew, soon."""
        if not self.dormant:
            kernel.LIVE.look(self)

    # For Jupyter ----------------------------------------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        """The widget; behind it a record that is seen where no kernel lives, and kept up to date as long as one does.

        They are two outputs because a front end makes the widget's anew, and the focus in it is lost, whenever what
        stands beside it changes.
        """
        from IPython.display import publish_display_data

        bundle = super()._repr_mimebundle_() or {}
        publish_display_data({**bundle, "text/plain": self.summary().partition(":")[0]})
        self._record(update=False)
        self._recording = not self.dormant

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Both as one, for who asks for what it looks like now."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs) or {}
        return {**bundle, "text/plain": self.summary(), "text/html": self.record()}

    def record(self) -> str:
        """What is known, as HTML that needs no kernel and no style."""
        return f'<div class="{self._record_class}">{self.fallback()}{markup.as_of()}</div>'

    def _record(self, *, update: bool) -> None:
        from IPython.display import publish_display_data

        self._recorded = self.milestone()
        data = {"text/html": self.record(), "text/plain": self.summary()}
        publish_display_data(data, transient={"display_id": self._record_class}, update=update)

    @property
    def _record_class(self) -> str:
        """The live panel hides its own record, and no other's."""
        return f"grw-of-{self._named}"

    def close(self) -> None:
        """Ends it with all that it is made of; of the thread's panels it is none from now on."""
        if self.comm is None:
            return
        kernel.LIVE.remove(self)
        kernel.CELLS.forget(self)
        parts = list(_parts(self, set()))
        self.unobserve_all()
        super().close()
        for part in parts:
            part.close()
        self._buttons.clear()


def _parts(widget: Widget, seen: set[int]) -> Any:
    """All widgets below this one, their layouts and styles among them: nobody else closes those."""
    for name in widget.keys:
        value = getattr(widget, name)
        for one in value if isinstance(value, tuple | list) else (value,):
            if isinstance(one, Widget) and id(one) not in seen:
                seen.add(id(one))
                yield one
                yield from _parts(one, seen)
