"""What a run has beside its parameters, as JupyterLab's form has it: where it runs, how it is called, how often."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from ipywidgets import Accordion, Dropdown

from gristmill.core.errors import GristmillError, InvalidInputError
from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType
from gristmill_lab.widgets.form import Form

_MINUTE = 60
_OWN = ("the notebook's own", "")  # of a value None ipywidgets says that nothing is chosen, and shows nothing
_SCHEMA = ParameterSchema(
    language="python",
    cell=None,
    parameters=(
        Parameter(name="name", type=ParameterType.STR, default="", help="empty: the notebook's name and the number"),
        Parameter(
            name="labels", type=ParameterType.DICT, items=ParameterType.STR, default={}, help='as {"team": "risk"}'
        ),
        Parameter(
            name="timeout",
            type=ParameterType.FLOAT,
            nullable=True,
            minimum=0,
            exclusive_minimum=True,
            help="minutes; none: as long as it takes",
        ),
        Parameter(
            name="retries",
            type=ParameterType.INT,
            default=0,
            minimum=0,
            maximum=100,
            help="more tries, if it fails",
        ),
    ),
)


class Choice:
    """One of what the control plane has by name, or the notebook's own; what there is comes later."""

    def __init__(self, noun: str, chosen: Callable[[str | None], object]) -> None:
        self._noun = noun
        self._offered = self._offering = False
        self.input = Dropdown(options=[_OWN], description=noun)
        self.input.add_class("grw-Input")
        self.input.observe(lambda change: self._offering or chosen(change["new"] or None), names="value")

    @property
    def known(self) -> bool:
        """Whether it was said what there is, be it nothing."""
        return self._offered

    def has(self, name: str | None) -> bool:
        """Whether there is such a one, by what was said last."""
        return self._offered and name in self._names

    def offer(self, names: Iterable[str], chosen: str | None) -> None:
        """Says what there is now.

        Raises:
            InvalidInputError: what is chosen is not among it.
        """
        wanted = [_OWN, *((name, name) for name in names)]
        if wanted != list(self.input.options):
            self._offering = True  # other options choose the first: nobody did
            try:
                self.input.options = wanted
            finally:
                self._offering = False
        self._offered = True
        if not self.choose(chosen):
            named = ", ".join(one for one in self._names if one)
            hint = f"There are: {named}" if named else f"There is no {self._noun} at all."
            raise InvalidInputError(f"there is no {self._noun} {chosen!r}", hint=hint)

    def choose(self, name: str | None) -> bool:
        """Shows it; False where it is not known that there is such a one: it may have come since."""
        if name in self._names:
            self.input.value = name or ""
            return True
        return False

    @property
    def _names(self) -> list[str | None]:
        return [one or None for _, one in self.input.options]


class Options:
    """Name, labels, timeout and retries, folded away: most runs need none of them."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.form = Form(_SCHEMA, changed)
        self.box = Accordion([self.form.box], titles=("More: name, labels, timeout, retries",), selected_index=None)
        self.box.add_class("grw-More")

    def mark(self, error: GristmillError, parameters: Collection[str]) -> None:
        """Puts faults of the server's under the options, where they can be seen.

        One whose place is called as one of the notebook's `parameters` is that parameter's.
        """
        if self.form.mark(error, parameters):
            self.box.selected_index = 0

    def order(self) -> dict[str, Any]:
        """As a `RunOrder` has them.

        Raises:
            InvalidInputError: with the faults that are marked.
        """
        if self.form.faults:
            self.box.selected_index = 0
        self.form.changed_values()
        given = self.form.values
        return {
            "name": given["name"].strip() or None,
            "labels": given["labels"],
            "timeout_s": None if given["timeout"] is None else given["timeout"] * _MINUTE,
            "retries": given["retries"],
        }


def lacking_data(error: GristmillError) -> tuple[str, ...]:
    """The places that a run was refused for: each could be a data root."""
    return tuple(fault.where.removeprefix(_DATA) for fault in error.faults if fault.where.startswith(_DATA))


_DATA = "data:"
