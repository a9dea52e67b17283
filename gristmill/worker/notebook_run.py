"""Executes the notebook of one order with papermill, in this process, and says how it ended."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gristmill.core.errors import GristmillError
from gristmill.runs.model import AttemptOrder, FaultKind, RunFault, RunState
from gristmill.worker.cells import source_places
from gristmill.worker.faults import cell_fault, death_fault, stop_fault
from gristmill.worker.kernel import Kernel, KernelStartError, PortTakenError
from gristmill.worker.memory_kills import count_memory_kills
from gristmill.worker.papermill_import import without_unneeded
from gristmill.worker.reporter import Reporter
from gristmill.worker.stop import Stop, StopReason
from gristmill.worker.workspace import Workspace

_START_TIMEOUT = 120  # seconds that a kernel may take to answer: cold network file systems are slow

with without_unneeded():
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillException, PapermillExecutionError
    from papermill.execute import remove_error_markers

# papermill is imported as above, not by these.
from gristmill.worker.engine import GristmillEngine  # noqa: E402  # see above
from gristmill.worker.parameters import read_schema, register_typed_literals  # noqa: E402  # see above


class NotebookError(GristmillError):
    """The notebook cannot be executed by anybody."""

    code = "notebook"
    title = "The notebook cannot be executed"


@dataclass(frozen=True)
class Outcome:
    state: RunState
    fault: RunFault | None = None


class NotebookRun:
    """`executed` is the file that the executed notebook is kept in, whole at every moment."""

    def __init__(
        self, order: AttemptOrder, workspace: Workspace, executed: Path, kernel: Kernel, reporter: Reporter, stop: Stop
    ) -> None:
        self._order, self._workspace, self._executed = order, workspace, executed
        self._kernel, self._reporter, self._stop = kernel, reporter, stop
        self._memory_kills = count_memory_kills()
        self._cells = _read_cells(workspace.notebook)

    def execute(self) -> Outcome:
        """How the notebook ended.

        Raises:
            NotebookError: papermill cannot execute it.
            KernelStartError: the kernel did not come up.
        """
        self._reporter.places = source_places(self._cells, injected=bool(self._order.parameters))
        register_typed_literals(read_schema(self._workspace.notebook))
        papermill_engines.register("gristmill", GristmillEngine)
        try:
            self._papermill()
        except PapermillExecutionError as error:
            return self._raised(error)
        except DeadKernelError:
            return self._died()
        except PapermillException as error:
            raise NotebookError(f"papermill cannot execute the notebook: {error}") from error
        except RuntimeError as error:
            if self._reporter.started:
                raise
            return self._not_started(error)
        if self._stop.reason and not self._reporter.complete:
            return self._stopped(self._stop.reason)
        return Outcome(RunState.SUCCEEDED)

    def _papermill(self) -> None:
        os.chdir(self._workspace.root)  # so that the paths in the notebook's metadata are not this machine's
        papermill.execute_notebook(
            _escaped(self._order.notebook),
            _escaped(os.path.relpath(self._executed, self._workspace.root)),
            self._order.parameters,
            engine_name="gristmill",
            kernel_name=self._order.kernel,
            language=self._kernel.language or None,
            cwd=self._workspace.workdir,
            progress_bar=False,
            start_timeout=_START_TIMEOUT,
            km=self._kernel.manager,
            prelude=self._kernel.prelude,
            listener=self._reporter,
            mask=self._reporter.mask,
            stop=self._stop,
            save_to=self._executed,
        )

    def _raised(self, error: PapermillExecutionError) -> Outcome:
        if self._stop.reason:
            return self._stopped(self._stop.reason)
        if self._reporter.failed is None:
            # Every error was in a cell tagged `raises-exception`, which is what such a cell is for.
            self._take_marks_off()
            return Outcome(RunState.SUCCEEDED)
        fault = cell_fault(
            cell=self._reporter.place(error.cell_index),
            count=error.exec_count,
            source=error.source,
            ename=error.ename,
            evalue=error.evalue,
            traceback=error.traceback,
        )
        return Outcome(RunState.FAILED, fault)

    def _died(self) -> Outcome:
        if self._stop.reason:
            return self._stopped(self._stop.reason)
        kills = count_memory_kills()
        fault = death_fault(
            status=self._kernel.exit_status,
            cell=self._place,
            source=self._source,
            stderr=self._kernel.stderr_tail(),
            out_of_memory=kills is not None and self._memory_kills is not None and kills > self._memory_kills,
        )
        return Outcome(RunState.FAILED, fault)

    def _not_started(self, error: RuntimeError) -> Outcome:
        if self._stop.reason:
            return self._stopped(self._stop.reason)
        last_words = self._kernel.stderr_tail()
        kind = PortTakenError if PortTakenError.is_told_by(last_words) else KernelStartError
        raise kind(
            f"kernel {self._order.kernel!r} did not start: {last_words[-1] if last_words else error}",
            hint="Try it by hand: jupyter console --kernel " + self._order.kernel,
        ) from error

    def _stopped(self, reason: StopReason) -> Outcome:
        return stopped(reason, self._order, cell=self._place, source=self._source)

    def _take_marks_off(self) -> None:
        notebook = nbformat.read(self._executed, as_version=4)
        nbformat.write(remove_error_markers(notebook), self._executed)

    @property
    def _place(self) -> int | None:
        return self._reporter.place(self._reporter.failed)

    @property
    def _source(self) -> str | None:
        return None if self._place is None else str(self._cells[self._place]["source"])


def stopped(reason: StopReason, order: AttemptOrder, *, cell: int | None = None, source: str | None = None) -> Outcome:
    """How an attempt ends that did not come to its own end."""
    if reason is StopReason.TIMEOUT:
        return Outcome(RunState.FAILED, stop_fault(timeout=order.timeout_s or 0.0, cell=cell, source=source))
    return Outcome(RunState.CANCELLED)


def fault_of(error: GristmillError) -> Outcome:
    """How an attempt ends that an error kept from executing."""
    kinds: dict[type[GristmillError], FaultKind] = {
        KernelStartError: FaultKind.KERNEL_START,
        NotebookError: FaultKind.NOTEBOOK,
    }
    kind = next((kind for of, kind in kinds.items() if isinstance(error, of)), FaultKind.LAUNCH)
    fault = RunFault(kind=kind, message=error.message, hint=error.hint)
    return Outcome(RunState.FAILED, fault)


def _read_cells(path: Path) -> Sequence[Any]:
    try:
        cells: Sequence[Any] = nbformat.read(path, as_version=4)["cells"]
    except (OSError, ValueError, KeyError, nbformat.ValidationError) as error:
        raise NotebookError(f"{path.name} cannot be read as a notebook: {error}") from error
    return cells


def _escaped(path: str) -> str:
    """Papermill puts parameters into paths by `str.format`; ours hold none, but may hold braces."""
    return path.replace("{", "{{").replace("}", "}}")
