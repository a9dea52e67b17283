"""The papermill engine `gristmill`: `papermill --engine gristmill in.ipynb out.ipynb` is papermill as it is, only that
a kernel that dies is noticed within a moment and its cell is marked as failed.

papermill loads this module while it is itself half imported, and may be imported by it: so nothing of papermill is
imported here at the top.
"""

from pathlib import Path
from typing import Any


class GristmillEngine:
    """What papermill asks of an engine. `save_to` keeps the notebook whole in that file; the other options are those of
    papermill's own engine and of `GristmillNotebookClient`: `km`, `listener`, `stop`, `stream_limit`.
    """

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, *, save_to: Path | None = None, **options: Any) -> Any:
        from gristmill.worker.execution import Execution

        if save_to is None:
            return Execution.execute_notebook(nb, kernel_name, **options)
        for papermills_own in ("output_path", "progress_bar", "autosave_cell_every"):
            options.pop(papermills_own, None)
        return Execution.execute_into(nb, kernel_name, save_to, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """The kernel's name: the given one, else the notebook's own."""
        from papermill.utils import nb_kernel_name

        return str(nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """The language: the given one, else the notebook's own."""
        from papermill.utils import nb_language

        return str(nb_language(nb, language))
