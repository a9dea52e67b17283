"""What a run has beside its parameters, as JupyterLab's form has it: where it runs, how it is called, how often."""

from collections.abc import Callable, Iterable
from typing import Any

from ipywidgets import Accordion, Dropdown

from gristmill.core.errors import GristmillError, InvalidInputError
from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType
from gristmill_lab.widgets.form import Form

_MINUTE = 60
_OWN = ("the notebook's own", None)
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
        self.input = Dropdown(options=[_OWN], description=noun)
        self.input.add_class("grw-Input")
        self.input.observe(lambda change: chosen(change["new"]), names="value")

    @property
    def known(self) -> bool:
        return len(self.input.options) > 1

    def offer(self, names: Iterable[str], chosen: str | None) -> None:
        self.input.options = [_OWN, *((name, name) for name in names)]
        self.choose(chosen)

    def choose(self, name: str | None) -> None:
        """Shows it, once it is known whether there is such a one.

        Raises:
            InvalidInputError: there is none; what was chosen before is.
        """
        names = [one for _, one in self.input.options]
        if name in names:
            self.input.value = name
        elif self.known:
            named = ", ".join(one for one in names if one)
            raise InvalidInputError(f"there is no {self._noun} {name!r}", hint=f"There are: {named}")


class Options:
    """Name, labels, timeout and retries, folded away: most runs need none of them."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.form = Form(_SCHEMA, changed)
        self.box = Accordion([self.form.box], titles=("More: name, labels, timeout, retries",), selected_index=None)
        self.box.add_class("grw-More")

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
