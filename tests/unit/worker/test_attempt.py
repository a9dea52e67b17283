from gristmill.core.errors import InvalidInputError, UnavailableError
from gristmill.runs.model import FaultKind, RunState
from gristmill.worker.kernel import KernelStartError
from gristmill.worker.notebook_run import NotebookError, fault_of, stopped
from gristmill.worker.stop import StopReason
from tests.unit.worker.test_workspace import order


def test_a_timeout_fails_and_every_other_stop_cancels() -> None:
    outcome = stopped(StopReason.TIMEOUT, order(timeout_s=7.0), cell=3, source="x")
    assert outcome.state is RunState.FAILED
    assert outcome.fault is not None
    assert (outcome.fault.kind, outcome.fault.cell) == (FaultKind.TIMEOUT, 3)
    for reason in (StopReason.CANCELLED, StopReason.REFUSED):
        assert stopped(reason, order()).state is RunState.CANCELLED


def test_what_kept_an_attempt_from_executing_has_its_kind() -> None:
    kinds = {
        KernelStartError("no kernel", hint="install it"): FaultKind.KERNEL_START,
        NotebookError("no notebook"): FaultKind.NOTEBOOK,
        UnavailableError("away"): FaultKind.LAUNCH,
        InvalidInputError("bytes of another digest"): FaultKind.LAUNCH,
    }
    for error, kind in kinds.items():
        outcome = fault_of(error)
        assert outcome.state is RunState.FAILED
        assert outcome.fault is not None
        assert (outcome.fault.kind, outcome.fault.message, outcome.fault.hint) == (kind, error.message, error.hint)
