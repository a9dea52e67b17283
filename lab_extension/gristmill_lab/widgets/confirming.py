"""A button whose act cannot be undone: it asks once more, in its own place."""

from collections.abc import Callable
from typing import Any

from ipywidgets import HTML, HBox

from gristmill_lab.widgets import markup


class Confirming:
    """`what` says what would go, and is asked when the button is pressed; None is nothing to ask about."""

    def __init__(self, panel: Any, text: str, what: Callable[[], str | None], act: Callable[[], object]) -> None:
        self._what, self._act = what, act
        self.button = panel.button(f"{text}…", self._ask)
        self._question = HTML()
        self._sure = panel.button(text, self._do, style="danger")
        self._keep = panel.button("Keep", self._end)
        self._asking = HBox([self._question, self._sure, self._keep])
        self._asking.add_class("grw-Row")
        self.row = HBox([self.button, self._asking])
        self.row.add_class("grw-Row")
        self._end()

    def _ask(self) -> None:
        if (what := self._what()) is not None:
            self._question.value = f'<span role="alert">{markup.escaped(what)}</span>'
            self._asking.layout.display = ""
            self.button.layout.display = "none"
            self._keep.focus()

    def _do(self) -> None:
        self._end()
        self._act()

    def _end(self) -> None:
        self._asking.layout.display = "none"
        self.button.layout.display = ""
