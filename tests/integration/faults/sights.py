"""What a home looks like from outside: its processes, and how far its attempts are."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from gristmill.core.database import Database
from tests.integration.faults.kill_points import CELLS, Role, Stage


@dataclass(frozen=True)
class Process:
    pid: int
    role: Role | None  # None: something of this home that has no name here, as what a notebook has started
    attempt: str | None
    line: str

    def __str__(self) -> str:
        return f"{self.pid} {self.role or 'unnamed'} {self.attempt or ''} {self.line[:160]}"


def processes(home: Path) -> list[Process]:
    """Everything of this home that lives: by its environment, its arguments or the folder that it is in."""
    mine = {os.getpid(), os.getppid()}
    numbers = (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())
    return [found for pid in numbers if pid not in mine and (found := _process(pid, str(home))) is not None]


def _process(pid: int, home: str) -> Process | None:
    try:
        folder = f"/proc/{pid}"
        argv = Path(folder, "cmdline").read_bytes().decode(errors="replace").split("\0")
        raw = Path(folder, "environ").read_bytes().decode(errors="replace").split("\0")
        place = os.readlink(f"{folder}/cwd")  # noqa: PTH115  # what is deleted has a text behind its path
    except OSError:
        return None  # gone, a zombie, or another user's
    environ = dict(one.split("=", 1) for one in raw if "=" in one)
    told = (environ.get("GRISTMILL_HOME"), environ.get("GRISTMILL_MLFLOW"), place, *argv)
    if not any(one == home or (one or "").startswith(f"{home}/") for one in told):
        return None
    attempt = environ.get("GRISTMILL_ATTEMPT")
    return Process(pid, _role(argv, attempt, home), attempt, " ".join(argv).strip())


def _role(argv: list[str], attempt: str | None, home: str) -> Role | None:
    modules = {
        "gristmill.server": Role.CONTROL_PLANE,
        "gristmill.tracking.mlflow_process": Role.MLFLOW,
        "gristmill.serving": Role.SUPERVISOR,
        "gristmill.serving.worker": Role.SERVING,
        "gristmill.worker": Role.WORKER,
        "ipykernel_launcher": Role.KERNEL,
    }
    if argv[0] == "gristmill-kernel-keeper":
        return Role.KEEPER
    if any(part.endswith("zygote/__main__.py") for part in argv):
        return _zygote_role(next(Path(part) for part in argv if part.startswith(f"{home}/kernels/")))
    if attempt is None and "ipykernel_launcher" in argv:
        return None
    return next((role for part in argv if (role := modules.get(part))), None)


def _zygote_role(folder: Path) -> Role:
    try:
        workers = "gristmill.worker.ahead" in (folder / "zygote.json").read_text()
    except OSError:
        workers = False
    return Role.WORKER_ZYGOTE if workers else Role.KERNEL_ZYGOTE


@dataclass(frozen=True)
class Mark:
    """A cell was entered. `worker` is whose kernel it is."""

    attempt: str
    cell: int
    kernel: int
    worker: int
    leaving: bool = False


def marks(path: Path) -> Iterator[Mark]:
    """In the order in which cells were entered and left; a cut last line is left out."""
    with suppress(FileNotFoundError):
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                what, attempt, cell, kernel, worker = line.split()
                yield Mark(attempt, int(cell), int(kernel), int(worker), leaving=what == "left")


@dataclass(frozen=True)
class Sight:
    """An attempt as it is now; `run` is the run's name."""

    run: str
    attempt: int
    id: str
    stage: Stage


class View:
    """Looks at a home and its database, some hundred times a second."""

    def __init__(self, home: Path, marks_file: Path, database_url: str) -> None:
        self._home, self._marks = home, marks_file
        self._db = Database(database_url)

    def sights(self, names: tuple[str, ...]) -> list[Sight]:
        """The newest attempt of each run, or that the run is queued for one."""
        entered = {(one.attempt, one.cell, one.leaving) for one in marks(self._marks)}
        found = []
        for row in self.rows(names):
            number, attempt = row["attempt_number"], row["attempt_id"]
            if row["run_state"] == "queued":
                found.append(Sight(row["name"], (number or 0) + 1, "", Stage.QUEUED))
            if attempt is not None:
                found.append(Sight(row["name"], number, attempt, self._stage(row, entered)))
        return found

    def rows(self, names: tuple[str, ...]) -> Sequence[sa.RowMapping]:
        query = """
            select r.name, r.state run_state, a.id attempt_id, a.number attempt_number, a.state, a.tracking_run,
                   a.launches, a.claimed_at, a.closed_at
            from runs r left join attempts a on a.run_id = r.id
             and a.number = (select max(number) from attempts where run_id = r.id)
            where r.name in :those"""
        return self.select(query, names)

    def select(self, query: str, those: tuple[str, ...] = ()) -> Sequence[sa.RowMapping]:
        """`those` are what `:those` in the query stands for."""
        statement = sa.text(query)
        if ":those" in query:
            statement = statement.bindparams(sa.bindparam("those", those, expanding=True))
        with self._db.read() as tx:
            return tx.execute(statement).mappings().all()

    def is_damaged(self) -> bool:
        """By SQLite's own check; PostgreSQL has none that is as quick."""
        return self._db.is_sqlite and [*self.select("pragma integrity_check")[0].values()] != ["ok"]

    def close(self) -> None:
        self._db.close()

    def _stage(self, row: sa.RowMapping, entered: set[tuple[str, int, bool]]) -> Stage:
        attempt = row["attempt_id"]
        if row["closed_at"] is not None:
            return Stage.CLOSED
        if row["state"] in {"succeeded", "failed", "cancelled"}:
            return Stage.REPORTED
        journal = self._journal(attempt)
        if b'"attempt.finished"' in journal:
            return Stage.FINISHED
        if (attempt, CELLS, False) in entered:
            return Stage.IN_LAST_CELL
        if (attempt, 1, True) in entered:
            return Stage.BETWEEN_CELLS
        if (attempt, 1, False) in entered:
            return Stage.IN_FIRST_CELL
        if journal:
            return Stage.STARTED
        if row["claimed_at"] is not None:
            return Stage.CLAIMED
        if row["launches"]:
            return Stage.LAUNCHED
        return Stage.TRACKED if row["tracking_run"] is not None else Stage.ADMITTED

    def _journal(self, attempt: str) -> bytes:
        try:
            return (self._home / "attempts" / attempt / "journal.jsonl").read_bytes()
        except FileNotFoundError:
            return b""
