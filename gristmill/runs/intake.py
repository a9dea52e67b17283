"""Taking a run in: what a request for one is held against, before and within the transaction that stores it."""

import threading
from dataclasses import dataclass, field, replace

from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.errors import Fault, InvalidInputError
from gristmill.core.nearest import offer
from gristmill.core.scopes import Actor
from gristmill.core.settings import Settings
from gristmill.environments import service as environments
from gristmill.environments.model import EnvironmentKind, RunEnvironment
from gristmill.profiles.model import Catalogue
from gristmill.runs import service
from gristmill.runs.executors.base import Executor
from gristmill.runs.model import Run, RunRequest
from gristmill.snapshots import service as snapshots


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What makes runs of requests. The executor is asked for its kernels outside of any transaction."""

    db: Database
    clock: Clock
    catalogue: Catalogue
    settings: Settings
    executor: Executor
    # Kernels that were there once: they are not asked for again. One that is removed later is the worker's to notice.
    _seen: set[str] = field(default_factory=set)
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def create(self, actor: Actor, request: RunRequest, environment: RunEnvironment | None = None) -> Run:
        """The new run, queued; `environment` in place of the one that the request names.

        Raises:
            InvalidInputError: an unknown kernel, or as `service.create` says.
        """
        if request.post_mortem_s and not self.executor.keeps_kernels:
            raise _no_kept_kernels()
        with self.db.read() as tx:
            snapshot = snapshots.find(tx, actor, request.snapshot)
            chosen = environment or _environment(tx, actor, request)
        if chosen is not None and chosen.kind is EnvironmentKind.KERNEL:
            request = replace(request, kernel=chosen.source)
        if (kernel := request.kernel or snapshot.kernel) and (chosen is None or request.kernel):
            self._check_kernel(kernel)
        with self.db.write() as tx:
            return service.create(
                tx,
                actor,
                request,
                snapshot,
                catalogue=self.catalogue,
                max_queued=self.settings.max_queued,
                clock=self.clock,
                environment=chosen,
            )

    def create_again(self, actor: Actor, key: str) -> Run:
        """A new run that is the same as this one."""
        with self.db.read() as tx:
            before = service.find(tx, actor, key)
        return self.create(actor, service.again(before), before.environment)

    def _check_kernel(self, name: str) -> None:
        with self._asking:
            if name.lower() in self._seen:
                return
            known = self.executor.kernels()
            self._seen.update(known or ())
        if known is not None and name.lower() not in known:
            raise _unknown_kernel(name, known)


def _environment(tx: Tx, actor: Actor, request: RunRequest) -> RunEnvironment | None:
    if request.environment is None:
        return None
    if request.kernel is not None:
        message = (
            f"environment {request.environment[:63]!r} and kernel {request.kernel[:200]!r} are given: expected one"
        )
        raise InvalidInputError(message, hint="An environment has its own kernel: leave out -k.")
    return environments.find(tx, actor, request.environment).of_run


def _no_kept_kernels() -> InvalidInputError:
    message = "the kernel of a failed run cannot be kept here: it is in a pod, where nobody can look into it"
    hint = "Leave it out: --post-mortem, or *keep kernel* in the form."
    return InvalidInputError(message, hint=hint, faults=(Fault(where="post_mortem_s", message=message, hint=hint),))


def _unknown_kernel(name: str, known: tuple[str, ...]) -> InvalidInputError:
    message = f"no kernel {name[:200]!r} on the machine that runs it: it has {', '.join(known) or 'none'}"
    hint = f"{offer(name, known)}Choose one with -k, or install the kernelspec there."
    return InvalidInputError(message, hint=hint, faults=(Fault(where="kernel", message=message, got=name, hint=hint),))
