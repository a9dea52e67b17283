"""papermill's own engine with our client in it. Importing this imports papermill: see `engine`."""

import os
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from gristmill.worker.notebook_client import GristmillNotebookClient


class WholeFileManager(NotebookExecutionManager):  # type: ignore[misc]  # papermill ships no types
    """Saves the notebook so that its file is whole at every moment, also if this process is killed while it writes."""

    path: Path

    def save(self, **_: Any) -> None:
        unfinished = self.path.with_suffix(".unfinished")
        unfinished.write_text(nbformat.writes(self.nb), encoding="utf-8", errors="replace")
        os.replace(unfinished, self.path)  # noqa: PTH105  # the standard name of an atomic rename
        self.last_save_time = self.now()


class Execution(NBClientEngine):  # type: ignore[misc]  # papermill ships no types
    """Executes as papermill does. Beside papermill's options it takes those of `GristmillNotebookClient`."""

    @classmethod
    def execute_into(cls, nb: NotebookNode, kernel_name: str, path: Path, **options: Any) -> NotebookNode:
        """As `execute_notebook`; the notebook is kept whole in `path`, wherever papermill itself writes it."""
        manager = WholeFileManager(nb, progress_bar=False, autosave_cell_every=30)
        manager.path = path
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, **options)
        finally:
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        log_output: bool = False,  # noqa: FBT001, FBT002  # papermill's signature
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        **options: Any,
    ) -> None:
        options = remove_args(["input_path"], **options)
        client_options = merge_kwargs(
            remove_args(["timeout", "startup_timeout"], **options),
            timeout=execution_timeout or options.get("timeout"),
            startup_timeout=start_timeout,
            kernel_name=kernel_name,
            log=logger,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
        )
        client = GristmillNotebookClient(nb_man, **client_options)
        try:
            client.execute()
        finally:
            if client.kc is not None:  # what the kernel says from here on would pile up in this process
                client.kc.stop_channels()
