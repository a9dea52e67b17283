"""What may happen to environments. Nothing here starts or opens an interpreter: a machine that runs things is asked."""

from collections.abc import Callable
from dataclasses import dataclass

from gristmill.core import audit, blobs
from gristmill.core.blobs import BlobStore
from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from gristmill.core.nearest import offer
from gristmill.core.scopes import Actor, Scope
from gristmill.environments import store
from gristmill.environments.model import (
    MAX_ASKED,
    MAX_LOCK,
    Environment,
    EnvironmentAnswer,
    EnvironmentCheck,
    EnvironmentKind,
    EnvironmentRequest,
    Inspected,
    Interpreter,
    Prepared,
    canonical,
    check_name,
    check_python,
    lacking,
    locked_digest,
    names_of,
    read_lock,
    with_sizes,
)

MAX_ENVIRONMENTS = 1000


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What is asked of the machine that executes runs, always outside of a transaction.

    `inspect` answers None where it cannot be told before a worker looks itself. `prune` removes what was made there
    and nobody uses, but for the digests that are to be kept.
    """

    inspect: Callable[[Interpreter], Inspected | None]
    prepared: Callable[[], tuple[Prepared, ...]]
    prune: Callable[[frozenset[str]], tuple[Prepared, ...]]


@dataclass(frozen=True, kw_only=True)
class Environments:
    """The use cases that need more than rows."""

    db: Database
    blobs: BlobStore
    clock: Clock
    machine: Machine

    def add(self, actor: Actor, request: EnvironmentRequest) -> Environment:
        """The new environment; the same one added again is answered again.

        Raises:
            ConflictError: another one has this name, and it is not to be replaced; or its lock was not sent.
            InvalidInputError: what it says does not hold, or its Python cannot run a kernel.
        """
        actor.require(Scope.RUNS_WRITE)
        check_name(request.name)
        locked = request.kind is EnvironmentKind.REQUIREMENTS
        made = self._locked(actor, request) if locked else self._there(actor, request)
        with self.db.write() as tx:
            return create(tx, actor, made, replaces=request.replace, clock=self.clock)

    def list(self, actor: Actor) -> list[Environment]:
        with self.db.read() as tx:
            known = list_environments(tx, actor)
        return with_sizes(known, {one.digest: one for one in self.machine.prepared()})

    def find(self, actor: Actor, name: str) -> Environment:
        with self.db.read() as tx:
            found = find(tx, actor, name)
        return with_sizes([found], {one.digest: one for one in self.machine.prepared()})[0]

    def check(self, actor: Actor, asked: EnvironmentCheck) -> EnvironmentAnswer:
        """What of the modules and requirements lacks; nothing where that cannot be told."""
        actor.require(Scope.READ)
        if max(len(asked.modules), len(asked.requirements)) > MAX_ASKED:
            raise InvalidInputError(f"at most {MAX_ASKED} modules and requirements may be asked for at once")
        if (asked.environment is None) == (asked.kernel is None):
            raise InvalidInputError("expected `kernel` or `environment`, one of them")
        environment = None
        where = Interpreter(kernel=asked.kernel)
        if asked.environment is not None:
            with self.db.read() as tx:
                environment = find(tx, actor, asked.environment)
            where = place(environment)
        inspected = self.machine.inspect(where)
        if inspected is None and environment is not None and environment.lock is not None:
            return _of_lock(environment, asked)
        if inspected is None or inspected.fault is not None:
            return EnvironmentAnswer(known=False)
        return lacking(inspected, asked.modules, asked.requirements)

    def prune(self, actor: Actor, *, everything: bool) -> tuple[Prepared, ...]:
        """What was removed of that which runs have made and nobody uses now."""
        actor.require(Scope.RUNS_WRITE)
        with self.db.read() as tx:
            kept = frozenset() if everything else frozenset(store.digests(tx))
        removed = self.machine.prune(kept)
        if removed:
            with self.db.write() as tx:
                detail = {"digests": [one.digest for one in removed]}
                audit.record(
                    tx, actor, time=self.clock.now(), action="environment.prune", subject="environments", detail=detail
                )
        return removed

    def _locked(self, actor: Actor, request: EnvironmentRequest) -> Environment:
        python = check_python(request.python)
        if request.lock is None:
            raise InvalidInputError("requirements without a lock: expected `lock`, the digest of a blob")
        with self.db.read() as tx:
            held = blobs.held(tx, actor.project_id, [blobs.check_digest(request.lock)])
        if request.lock not in held:
            raise ConflictError("the lock was not sent", hint="PUT it to /api/blobs/{digest} first.")
        if held[request.lock] > MAX_LOCK:
            raise InvalidInputError(f"the lock has {held[request.lock]} bytes, at most {MAX_LOCK} are allowed")
        try:
            text = b"".join(self.blobs.read(request.lock)).decode()
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"the lock is not UTF-8: {error}") from error
        packages = read_lock(text)
        if "ipykernel" not in names_of(packages):
            raise InvalidInputError("the lock lacks ipykernel, without which it runs no kernel")
        return self._new(actor, request, python, locked_digest(python, text), packages)

    def _there(self, actor: Actor, request: EnvironmentRequest) -> Environment:
        kernel = request.kind is EnvironmentKind.KERNEL
        asked = Interpreter(kernel=request.source) if kernel else Interpreter(path=request.source)
        found = self.machine.inspect(asked)
        if found is None:
            raise UnavailableError(f"{request.source} could not be asked for its packages", hint="Try it again.")
        if found.fault is not None:
            raise InvalidInputError(f"{request.source[:200]} cannot be an environment: {found.fault}")
        if "ipykernel" not in names_of(found.packages):
            raise InvalidInputError(
                f"{found.interpreter} has no ipykernel, without which it runs no kernel",
                hint=f"Install it: {found.interpreter} -m pip install ipykernel   (or: uv pip install --python "
                f"{found.interpreter} ipykernel)",
            )
        return self._new(actor, request, found.python, found.digest, found.packages)

    def _new(
        self, actor: Actor, request: EnvironmentRequest, python: str, digest: str, packages: tuple[str, ...]
    ) -> Environment:
        return Environment(
            project_id=actor.project_id,
            name=request.name,
            kind=request.kind,
            source=request.source[:2000],
            python=python,
            digest=digest,
            packages=packages,
            created_by=actor.name,
            created_at=self.clock.now(),
            lock=request.lock,
        )


def create(tx: Tx, actor: Actor, environment: Environment, *, replaces: bool, clock: Clock) -> Environment:
    """As `Environments.add`, of one that holds."""
    before = store.find(tx, actor.project_id, environment.name)
    if before is not None and before.of_run == environment.of_run:
        return before
    if before is not None and not replaces:
        raise ConflictError(
            f"environment {environment.name!r} is {before.source} with {len(before.packages)} packages already",
            hint="Take another name, or replace it: --replace. Runs that were made keep what they had.",
        )
    if before is None and len(store.load(tx, actor.project_id)) >= MAX_ENVIRONMENTS:
        raise InvalidInputError(f"the project has {MAX_ENVIRONMENTS} environments, which is as many as may be")
    if environment.lock is not None and environment.lock not in blobs.hold(
        tx, actor.project_id, [environment.lock], clock.now()
    ):
        raise ConflictError("the lock was removed meanwhile", hint="Send it again.")
    if before is not None:
        store.delete(tx, before)
    store.insert(tx, environment)
    detail = {"kind": environment.kind.value, "digest": environment.digest}
    audit.record(tx, actor, time=clock.now(), action="environment.add", subject=environment.name, detail=detail)
    return environment


def find(tx: Tx, actor: Actor, name: str) -> Environment:
    actor.require(Scope.READ)
    found = store.find(tx, actor.project_id, name)
    if found is None:
        names = [one.name for one in store.load(tx, actor.project_id)]
        hint = f"{offer(name, names)}There are: {', '.join(names) or 'none'}; `gristmill environments add` makes one."
        raise NotFoundError(f"no environment {name[:80]!r}", hint=hint)
    return found


def list_environments(tx: Tx, actor: Actor) -> list[Environment]:
    actor.require(Scope.READ)
    return store.load(tx, actor.project_id)


def delete(tx: Tx, actor: Actor, name: str, clock: Clock) -> Environment:
    """Forgets the name. Runs that were made with it keep their lock; what is there already is not touched."""
    actor.require(Scope.RUNS_WRITE)
    environment = find(tx, actor, name)
    store.delete(tx, environment)
    audit.record(tx, actor, time=clock.now(), action="environment.delete", subject=name)
    return environment


def place(environment: Environment) -> Interpreter:
    """Where its interpreter is, or will be."""
    match environment.kind:
        case EnvironmentKind.KERNEL:
            return Interpreter(kernel=environment.source)
        case EnvironmentKind.INTERPRETER:
            return Interpreter(path=environment.source)
        case EnvironmentKind.REQUIREMENTS:
            return Interpreter(made=environment.digest)


def _of_lock(environment: Environment, asked: EnvironmentCheck) -> EnvironmentAnswer:
    """Distributions only: which modules a package brings is not known before it is installed."""
    locked = names_of(environment.packages)
    without = tuple(name for name in asked.requirements if canonical(name) not in locked)
    return EnvironmentAnswer(
        known=True, requirements=without, python=environment.python, packages=len(environment.packages)
    )
