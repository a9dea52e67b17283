"""What is shown of one run: the answer first, then where it came from."""

from typing import Any

from gristmill.cli.kernels import kept_rows
from gristmill.cli.output import heading, pairs, say, table
from gristmill.cli.quantities import ago, duration, exact, metric, short, size, value
from gristmill.cli.run_list import waiting
from gristmill.cli.run_result import headline, print_fault, title
from gristmill.cli.tables import Cell, Column
from gristmill.runs.model import Attempt, Run, RunDetail, RunState
from gristmill.snapshots.model import Snapshot


def print_run(detail: RunDetail, snapshot: Snapshot, used: Cell) -> None:
    """`used`: what it used of its machine."""
    run = detail.run
    say(headline(run))
    if run.fault is not None and run.state is not RunState.SUCCEEDED:
        print_fault(run.fault, run.attempt, whole=True)
    pairs([*_facts(run), ("used", used)], "  ")
    _parameters(run)
    if run.metrics:
        heading("Metrics")
        pairs([(name, metric(one)) for name, one in run.metrics.items()], "  ")
    if run.models:
        heading("Models")
        table((Column(), Column()), [(Cell(one.name, bold=True), one.id) for one in run.models], "  ")
    _outputs(detail)
    if len(detail.attempts) > 1:
        _attempts(detail.attempts)
    heading("Where it came from")
    pairs(_provenance(detail, snapshot), "  ")


def _facts(run: Run) -> list[tuple[str, str | Cell]]:
    progress = run.attempt.progress if run.attempt else None
    going = run.state is RunState.RUNNING and progress is not None and progress.cells
    return [
        ("number", f"{run.number} ({run.id})"),
        ("waits", Cell(waiting(run) or "", "yellow")),
        ("now", f"cell {progress.cell} of {progress.cells}" if going and progress else ""),
        ("last output", progress.tail or "" if going and progress else ""),
        ("labels", " ".join(f"{name}={text}" for name, text in run.labels.items())),
        ("made", f"{ago(run.created_at)} ({exact(run.created_at)}) by {run.created_by}"),
        ("waited", duration((run.started_at - run.created_at).total_seconds()) if run.started_at else ""),
        ("timeout", duration(run.timeout_s) if run.timeout_s else ""),
        ("retries", str(run.retries) if run.retries else ""),
        ("priority", str(run.priority) if run.priority else ""),
        *kept_rows(run.attempt, run.number),
    ]


def _parameters(run: Run) -> None:
    """All of them; those that were given stand out."""
    if run.parameters:
        heading("Parameters")
        rows = [
            (Cell(name, "bright_black"), Cell(value(given), bold=name in run.given), _origin(run, name))
            for name, given in run.parameters.items()
        ]
        table((Column(), Column(shrinks=True), Column()), rows, "  ")


def _origin(run: Run, name: str) -> Cell:
    return Cell("" if name in run.given else "default", "bright_black")


def _outputs(detail: RunDetail) -> None:
    if detail.outputs:
        heading("Outputs")
        columns = (Column(), Column(right=True), Column(shrinks=True))
        table(columns, [(one.name, size(one.size), one.description or "") for one in detail.outputs], "  ")


def _attempts(attempts: tuple[Attempt, ...]) -> None:
    from gristmill.cli.output import state

    heading("Attempts")
    rows = [
        (str(one.number), state(one.state.value), ago(one.started_at), title(one.fault, one) if one.fault else "")
        for one in attempts
    ]
    table((Column(right=True), Column(), Column(), Column(shrinks=True)), rows, "  ")


def _provenance(detail: RunDetail, snapshot: Snapshot) -> list[tuple[str, str | Cell]]:
    """The client claims the commit, the control plane knows who and what, the worker has seen the environment."""
    run, worker = detail.run, worker_facts(detail)
    kernel, environment = worker.get("kernel") or {}, worker.get("environment") or {}
    packages = environment.get("packages") or ()
    weight = sum(file.size for file in snapshot.files)
    return [
        ("notebook", run.notebook),
        ("source", snapshot.source or ""),
        ("commit", _commit(snapshot)),
        ("snapshot", f"{short(snapshot.digest)}, {len(snapshot.files)} files, {size(weight)}"),
        ("profile", run.profile),
        ("kernel", ", ".join([run.kernel, *([f"Python {kernel['python']}"] if kernel.get("python") else [])])),
        ("environment", _environment(run)),
        ("packages", f"{len(packages)}, {short(str(environment['digest']))}" if packages else ""),
        ("device", _device(worker.get("device"))),
        *((f"data {name}", _data(facts)) for name, facts in (worker.get("data") or {}).items()),
        ("MLflow run", _tracked(run.attempt)),
    ]


def _environment(run: Run) -> str:
    one = run.environment
    return f"{one.name}, {short(one.digest)}, {one.kind.value} {one.source}" if one else ""


def _tracked(attempt: Attempt | None) -> str:
    if attempt is None or attempt.tracking_run is None:
        return ""
    return f"{attempt.tracking_run}{f' at {attempt.tracking_server}' if attempt.tracking_server else ''}"


def worker_facts(detail: RunDetail) -> dict[str, Any]:
    """What the worker of the last attempt has seen."""
    facts = detail.attempts[-1].provenance.get("worker") if detail.attempts else None
    return facts if isinstance(facts, dict) else {}


def data_digest(facts: Any) -> str:
    """`sha256:1a2b… by content` of what the worker has recorded of a data root."""
    if facts.get("digest"):
        return f"{short(str(facts['digest']))} by {facts.get('digest_method')}"
    return f"no digest: {facts.get('no_digest', 'none was made')}"


def _data(facts: Any) -> str:
    changed = ", changed while the run used it" if facts.get("changed") else ""
    checked = ", checked" if facts.get("checked") else ""
    weight = f"{facts.get('files', 0)} files, {size(facts.get('size', 0))}"
    what = f"{facts.get('source')} at {facts.get('at')}: {weight}"
    return f"{what}, {data_digest(facts)}, {facts.get('bound')}{checked}{changed}"


def _commit(snapshot: Snapshot) -> str:
    git = snapshot.git
    if git is None or git.commit is None:
        return "no git provenance"
    changed = " + changes" if git.dirty else ""
    return f"{git.commit[:10]}{f' on {git.branch}' if git.branch else ''}{changed}"


def _device(facts: Any) -> str:
    if not isinstance(facts, dict):
        return ""
    gpus = [str(gpu.get("name")) for gpu in facts.get("gpus", ()) if isinstance(gpu, dict)]
    cores = f"{facts['cores']} cores" if facts.get("cores") else ""
    memory = size(facts["memory"]) if facts.get("memory") else ""
    return ", ".join(part for part in (cores, memory, str(facts.get("cpu", "")), *gpus) if part)
