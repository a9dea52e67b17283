"""The controls of all parameters of one notebook."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ipywidgets import HTML, VBox

from gristmill.core.errors import Fault, GristmillError, InvalidInputError
from gristmill.notebooks.model import ParameterSchema
from gristmill.notebooks.values import check_values
from gristmill_lab.widgets.fields import Field

_NOTHING = '<span class="grw-Quiet">This notebook takes no parameters.</span>'


class Form:
    """`changed` is called when a value is another one; what cannot be read is marked where it stands."""

    def __init__(self, schema: ParameterSchema, changed: Callable[[], None]) -> None:
        self._schema = schema
        self._changed = changed
        self._writing = False
        self._fields = {one.name: Field(one, self._typed) for one in schema.parameters}
        self.box = VBox([one.box for one in self._fields.values()] or [HTML(_NOTHING)])
        self.box.add_class("grw-Form")
        self.faults: tuple[Fault, ...] = ()
        self.values: dict[str, Any] = {}
        self._read()

    def write(self, given: Mapping[str, Any]) -> None:
        """Sets these, and leaves the others as they are.

        Raises:
            InvalidInputError: with every fault; nothing is set then.
        """
        unread = [name for name in self._fields if name not in given]
        checked = check_values(self._schema, given, unread=unread)
        self._writing = True
        try:
            for name, value in checked.items():
                if name in self._fields:
                    self._fields[name].write(value)
        finally:
            self._writing = False
        self._read()

    def changed_values(self) -> dict[str, Any]:
        """The values that are to be set for a run: those that are not the notebook's own.

        Raises:
            InvalidInputError: with the faults that are marked.
        """
        if self.faults:
            names = ", ".join(fault.where for fault in self.faults)
            raise InvalidInputError(
                f"not ready to run: {names}", hint="What is wrong stands under it.", faults=self.faults
            )
        own = {name: field.parameter for name, field in self._fields.items()}
        return {name: value for name, value in self.values.items() if own[name].required or own[name].default != value}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._fields)

    def mark(self, error: GristmillError, besides: Collection[str] = ()) -> bool:
        """Puts faults of the server's under their fields, but those `besides`; says whether there were any."""
        places = {fault.where.partition("[")[0]: fault for fault in error.faults}
        marked = (places.keys() & self.names).difference(besides)
        for name in marked:
            self._fields[name].mark(places[name].message)
        return bool(marked)

    def _typed(self) -> None:
        if not self._writing:
            self._read()
            self._changed()

    def _read(self) -> None:
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for name, field in self._fields.items():
            try:
                values[name] = field.read()
            except GristmillError as error:
                faults += error.faults or (Fault(where=name, message=error.message),)
                field.mark(error.message)
            else:
                field.mark(None)
        self.values, self.faults = values, tuple(faults)
