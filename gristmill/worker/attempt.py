"""One claimed attempt, from its order to its end."""

import time
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.core.clock import Clock
from gristmill.core.errors import GristmillError
from gristmill.core.settings import read_settings
from gristmill.runs.model import AttemptOrder, FaultKind, RunFault, RunState
from gristmill.utilisation.model import UtilisationPoint
from gristmill.worker.bridging import PATIENCE
from gristmill.worker.faults import bounded
from gristmill.worker.kernel_environment import kernel_environment
from gristmill.worker.outbox import Outbox
from gristmill.worker.processes import adopt_orphans, end_left_behind
from gristmill.worker.reporter import Reporter
from gristmill.worker.secrets import Secrets
from gristmill.worker.snapshot_blobs import SnapshotBlobs
from gristmill.worker.spool import Spool
from gristmill.worker.stop import Stop
from gristmill.worker.system_metrics import as_system_metrics
from gristmill.worker.tracking import Tracking
from gristmill.worker.transport import ControlPlane, Transport
from gristmill.worker.utilisation import Utilisation
from gristmill.worker.workspace import Workspace

if TYPE_CHECKING:
    from gristmill.worker.data_roots.roots import DataRoots
    from gristmill.worker.environments.environment import AttemptEnvironment
    from gristmill.worker.kernel import Kernel
    from gristmill.worker.notebook_run import Outcome
    from gristmill.worker.post_mortem import PostMortem
    from gristmill.worker.provenance import Provenance

EXECUTED = "executed.ipynb"
RUNTIME = "runtime"  # connection file and sockets of the kernel
_LONGEST_LISTING = 60.0  # seconds that the end waits for the list of packages
_HURRIED = 3.0  # seconds, after a cancel, for MLflow that is away and for the list: who cancelled waits
_PORT_TRIES = 3  # that many kernels in a row that lost their ports to others are no accident


class Attempt:
    """Executes one order in `folder`. What it reports goes to the outbox, the attempt's end last."""

    def __init__(
        self,
        order: AttemptOrder,
        folder: Path,
        *,
        control_plane: ControlPlane,
        tracking: Transport,
        outbox: Outbox,
        spool: Spool,
        stop: Stop,
        clock: Clock,
    ) -> None:
        self._order, self._folder, self._stop = order, folder, stop
        self._spool = spool
        self._blobs = SnapshotBlobs(
            control_plane,
            order.files,
            stopped=lambda: self._stop.reason is not None,
            together=order.small_blobs,
            given=order.blobs,
        )
        self._tracking = Tracking(tracking, run=order.tracking_run, experiment=order.tracking_experiment)
        self._secrets = Secrets(order.secrets, folder / RUNTIME)
        self._reporter = Reporter(
            outbox,
            spool,
            clock,
            log_limit=order.log_limit,
            on_metrics=self._tracking.log,
            mask=self._secrets.mask,
        )
        self._utilisation = Utilisation(order.attempt, self._used)
        self._workspace = Workspace(folder, order)
        self._workspace.reveals = self._secrets.shown_in
        self._provenance: Provenance | None = None
        self._data: DataRoots | None = None
        self._environment: AttemptEnvironment | None = None
        self._post_mortem: PostMortem | None = None
        self._ended = False
        self._began = time.monotonic()

    def run(self) -> RunState:
        """The state that the attempt ended in. An error of the worker itself is reported, then raised."""
        if self._order.timeout_s is not None:
            self._stop.at(self._began + self._order.timeout_s)
        try:
            with self._secrets:
                state, fault = self._execute()
            self._conclude(state)
            if self._post_mortem is not None:
                self._end(state, fault)  # the run's end waits for nobody's look at it
                self._post_mortem.hold()
                end_left_behind(self._order.attempt)
        except BaseException as error:
            self._post_mortem = None
            end_left_behind(self._order.attempt)
            self._end(RunState.FAILED, _own_fault(error))
            raise
        finally:
            if self._data is not None:
                self._data.release()
            if self._environment is not None:
                self._environment.release()
        self._end(state, fault)
        return state

    def _execute(self) -> tuple[RunState, RunFault | None]:
        self._reporter.attempt_started({})
        self._utilisation.start()
        adopt_orphans()
        try:
            self._workspace.unpack(self._blobs.fetch)
            self._bind_data()
            self._prepare_environment()
            outcome = self._run_notebook()
        except GristmillError as error:
            from gristmill.worker.notebook_run import fault_of, stopped

            outcome = stopped(self._stop.reason, self._order) if self._stop.reason else fault_of(error)
        return outcome.state, outcome.fault

    def _bind_data(self) -> None:
        """Before the kernel starts: what takes long says how far it is."""
        if not self._order.data:
            return
        from gristmill.worker.data_roots.roots import DataRoots, binders_for

        settings = read_settings()
        self._data = DataRoots(
            self._order.data,
            self._workspace.place,
            cache=_cache(self._folder).with_name("data"),
            cache_limit=settings.data_cache,
            binders=binders_for(settings.data_binding),
            say=self._say,
            stopped=lambda: self._stop.reason is not None,
        )
        self._workspace.is_data = self._data.holds
        self._data.bind()
        self._reporter.attempt_started({"data": self._data.facts()})

    def _prepare_environment(self) -> None:
        """Before the kernel starts, which is its."""
        if self._order.environment is None:
            return
        from gristmill.worker.environments.environment import AttemptEnvironment
        from gristmill.worker.environments.folders import Folders
        from gristmill.worker.environments.making import Maker

        maker = Maker(
            folders=Folders(_cache(self._folder).with_name("environments")),
            limit=read_settings().environments_cache,
            say=self._say,
            stopped=lambda: self._stop.reason is not None,
        )
        self._environment = AttemptEnvironment(
            self._order.environment, self._folder / RUNTIME, maker, lambda: b"".join(self._blobs.fetch(self._lock))
        )
        self._environment.prepare()

    @property
    def _lock(self) -> str:
        return (self._order.environment and self._order.environment.lock) or ""

    def _say(self, text: str) -> None:
        if self._stop.reason is not None:
            raise GristmillError("the attempt is to stop")
        self._reporter.said(text)

    def _run_notebook(self) -> "Outcome":
        from gristmill.worker.kernel import PortTakenError

        for _ in range(_PORT_TRIES - 1):
            try:
                return self._run_in_kernel()
            except PortTakenError:
                continue  # nothing was executed
        return self._run_in_kernel()

    def _run_in_kernel(self) -> "Outcome":
        """Starts the kernel, then imports what executes it: the kernel takes as long to come up."""
        from gristmill.worker.kernel import Kernel, find_kernelspec
        from gristmill.worker.provenance import Provenance

        runtime = self._folder / RUNTIME
        environ = kernel_environment(self._order, workspace=self._workspace.root, workdir=self._workspace.workdir)
        name = self._environment.kernel if self._environment else self._order.kernel
        with self._environment.found() if self._environment else nullcontext():
            spec = find_kernelspec(name)
            kernel = Kernel.start(
                name,
                folder=runtime,
                workdir=self._workspace.workdir,
                environ={**environ, **self._secrets.environ},
                notebook=self._workspace.notebook,
                own=self._data is not None and self._data.private,
            )
        done = False
        try:
            if self._provenance is None:  # a kernel that is started anew is of the same environment
                self._provenance = Provenance(name, spec, cache=_cache(self._folder), scratch=runtime)
            from gristmill.worker.notebook_run import NotebookRun

            run = NotebookRun(self._order, self._workspace, self._folder / EXECUTED, kernel, self._reporter, self._stop)
            outcome = run.execute()
            done = outcome.state is RunState.SUCCEEDED
            self._post_mortem = self._kept(kernel, outcome)
            return outcome
        finally:
            if self._post_mortem is None:
                kernel.shutdown(now=not done and self._stop.reason is not None)

    def _kept(self, kernel: "Kernel", outcome: "Outcome") -> "PostMortem | None":
        if self._order.post_mortem_s is None:
            return None
        from gristmill.worker.post_mortem import PostMortem, is_worth_it

        kept = is_worth_it(outcome.fault, kernel)
        return PostMortem(kernel, self._order.post_mortem_s, self._stop) if kept else None

    def _conclude(self, state: RunState) -> None:
        """What comes between the notebook's end and the attempt's."""
        self._utilisation.stop()
        # Before what was left behind is ended: the provenance's own process is none of that. Who has asked for the end
        # waits for no long list of packages.
        patience = _HURRIED if self._stop.reason else _LONGEST_LISTING
        facts = self._provenance.facts(patience) if self._provenance is not None else {}
        if self._post_mortem is None and (left := end_left_behind(self._order.attempt)) > 0:
            self._reporter.notice(f"the notebook left {left} processes behind: they were ended")
        if self._environment is not None:
            if changed := self._environment.changed(facts):
                self._reporter.notice(changed)
            facts["named_environment"] = self._environment.facts()
        if self._data is not None:
            facts["data"] = self._data.conclude(self._reporter.notice)
        if facts:
            self._reporter.attempt_started(facts)
        outputs = self._workspace.collect(self._spool, declared=self._reporter.declared, notice=self._reporter.notice)
        for output in outputs:
            self._reporter.output(output)
        self._tracking.settle(patience=_HURRIED if state is RunState.CANCELLED else PATIENCE)
        if logged := self._tracking.metrics():
            self._reporter.logged(logged)
        if models := self._tracking.models():
            self._reporter.models(models)
        self._tracking.finish(self._parameters(), state, self._reporter.notice)

    def _parameters(self) -> dict[str, object]:
        """All of them: the notebook's own defaults, and what was given."""
        if not self._workspace.notebook.exists():
            return self._order.parameters
        from gristmill.notebooks.values import defaults
        from gristmill.worker.parameters import read_schema

        return {**defaults(read_schema(self._workspace.notebook)), **self._order.parameters}

    def _used(self, points: Sequence[UtilisationPoint]) -> None:
        self._reporter.utilisation(points)
        self._tracking.log_system(as_system_metrics(points, self._order.cpu, now=time.time()))

    def _end(self, state: RunState, fault: RunFault | None) -> None:
        """Told once."""
        if self._ended:
            return
        self._utilisation.stop()
        executed = self._folder / EXECUTED
        self._reporter.attempt_finished(
            state,
            time.monotonic() - self._began,
            fault=fault,
            executed_notebook=executed.read_bytes() if executed.exists() else None,
            connection_file=self._post_mortem.connection_file if self._post_mortem is not None else None,
        )
        self._ended = True


def _own_fault(error: BaseException) -> RunFault:
    lines = "".join(traceback.format_exception(error)).splitlines()
    return RunFault(
        kind=FaultKind.LAUNCH,
        message=f"the worker failed: {type(error).__name__}: {error}",
        traceback=bounded(lines),
        hint="This is a fault of Gristmill or of its installation, not of the notebook.",
    )


def _cache(folder: Path) -> Path:
    """Beside the attempts of this machine; in the attempt's own folder where it is alone, as in a pod."""
    home = folder.parent.parent if folder.parent.name == "attempts" else folder
    return home / "cache" / "packages"
