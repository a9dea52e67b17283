"""The kernel of one attempt: a process in a session of its own, started from a kernelspec of this machine."""

import difflib
import os
import signal
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill_kernels.imports import named_imports
from gristmill_kernels.private import make_private
from gristmill_kernels.provisioner import IMPORTS, WarmProvisioner
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from traitlets import TraitError

from gristmill.core.errors import GristmillError
from gristmill.worker.kernel_client import PromptKernelClient
from gristmill.worker.lent_verbs import lend

if TYPE_CHECKING:
    from subprocess import Popen

_EXIT_WAIT = 20.0  # seconds from asking a kernel to end to killing it; SIGTERM in the middle
_LOOK = 0.01  # seconds between two looks at a kernel that is to end
_CONNECTION = "k.json"  # short: its sockets are named after it
_STDERR_KEPT = 64 * 2**10
_INSTALL_AGAIN = "Install the kernelspec again."
# Executed silently in an ipykernel before the first cell; leaves no name behind. A crash in native code then says which
# Python line led to it (`sys.stderr` of ipykernel names the real descriptor). A cell that prints line by line is not
# cut short by ZeroMQ's limit of 1,000 messages on their way, behind which even a cell's end gets lost. At the kernel's
# end ipykernel may wait for a thread that it has just stopped (posit-dev/positron#7142), which takes ten seconds. An
# environment that lacks the verbs borrows them, behind everything of its own.
_IPYKERNEL_PRELUDE = """
exec('''
import atexit, faulthandler, importlib.util, sys, zmq
if importlib.util.find_spec("gristmill") is None:
    sys.path.append(lent)
faulthandler.enable(sys.stderr, all_threads=False)
atexit.register(setattr, type(sys.stdout), "flush_timeout", 0.1)
thread = get_ipython().kernel.iopub_thread
thread.schedule(lambda: thread.socket.setsockopt(zmq.SNDHWM, 100_000))
''', {"get_ipython": get_ipython, "lent": %r})
"""


class KernelStartError(GristmillError):
    """There is no kernel to execute with."""

    code = "kernel_start"
    title = "The kernel does not start"


class PortTakenError(KernelStartError):
    """Another process was quicker: ports are chosen for a kernel that listens on TCP before it takes them."""

    @staticmethod
    def is_told_by(last_words: Sequence[str]) -> bool:
        return any("Address already in use" in line for line in last_words)


def find_kernelspec(name: str) -> KernelSpec:
    """The kernelspec of that name.

    Raises:
        KernelStartError: there is none; offers the nearest.
    """
    specs = KernelSpecManager()
    try:
        spec = specs.get_kernel_spec(name)
    except NoSuchKernel:
        raise _unknown(name, sorted(specs.find_kernel_specs())) from None
    except (OSError, ValueError, KeyError, TypeError, TraitError) as error:
        raise KernelStartError(f"the kernelspec {name!r} cannot be read: {error}", hint=_INSTALL_AGAIN) from error
    if not spec.argv:
        raise KernelStartError(f"the kernelspec {name!r} cannot be read: it names no command", hint=_INSTALL_AGAIN)
    return spec


def _unknown(name: str, known: Sequence[str]) -> KernelStartError:
    near = difflib.get_close_matches(name, known, n=1)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    return KernelStartError(
        f"no kernel {name!r} on this machine: it has {', '.join(known) or 'none'}",
        hint=f"{guess}Choose one with -k, or install the kernelspec.",
    )


class KernelManager(AsyncKernelManager):
    """The one of jupyter_client, whose clients take every message. By default ZeroMQ drops what comes faster than it is
    read: also the message that a cell has ended. A kernel is forked from a zygote where that can be.
    """

    def client(self, **options: Any) -> Any:
        client = super().client(**options)
        client.context.RCVHWM = 0  # no limit, for the sockets that this client makes
        client.context.RECONNECT_IVL = 5  # milliseconds; by default a kernel is looked for ten times a second
        return client

    async def _async_wait(self, pollinterval: float = 0.1) -> None:
        """Looks ten times as often as jupyter_client: a run waits for the end of its kernel."""
        await super()._async_wait(pollinterval=min(pollinterval, _LOOK))

    def warm(self) -> None:
        """From here on this is what starts the process. Nothing is asked of the kernelspec or its environment."""
        self.kernel_id = self.kernel_id or str(uuid.uuid4())
        self.provisioner = WarmProvisioner(
            kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self, holds=True
        )


class Kernel:
    """A started kernel. `stderr` is what it wrote beside its messages: what native code says before it dies."""

    def __init__(self, manager: KernelManager, stderr: Path, lent: Path) -> None:
        self.manager = manager
        self._stderr, self._lent = stderr, lent
        # A kernel that another provisioner has started need be no process of this machine.
        self._process: Popen[bytes] | None = getattr(manager.provisioner, "process", None)

    @classmethod
    def start(
        cls,
        name: str,
        *,
        folder: Path,
        workdir: Path,
        environ: Mapping[str, str],
        notebook: Path | None = None,
        own: bool = False,
    ) -> "Kernel":
        """Starts the process and returns at once. Connection file and sockets lie in `folder`, for nobody else's eyes.
        What `notebook` imports is what the environment's zygote learns to have ready. With `own` the kernel is a child
        of this process, which sees what this process alone sees.

        Raises:
            KernelStartError: the kernelspec is unknown, or what it names cannot be executed.
        """
        spec = find_kernelspec(name)
        manager = KernelManager(
            kernel_name=name, connection_file=str(folder / _CONNECTION), client_factory=PromptKernelClient
        )
        options: dict[str, Any] = {"extra_arguments": []}
        if is_ipykernel(spec):
            make_private(manager)
            options["extra_arguments"] = ["--HistoryManager.hist_file=:memory:"]
            if not own and "kernel_provisioner" not in spec.metadata:
                manager.warm()
        if isinstance(manager.provisioner, WarmProvisioner):
            options[IMPORTS] = named_imports(notebook)
        stderr = folder / "kernel.log"
        with stderr.open("wb") as log:
            try:
                run_sync(manager.start_kernel)(cwd=str(workdir), env=dict(environ), stdout=log, stderr=log, **options)
            except OSError as error:
                raise KernelStartError(
                    f"kernel {name!r} cannot be executed: {error.strerror}: {spec.argv[0]!r}",
                    hint=f"Its environment was moved or removed. {_INSTALL_AGAIN}",
                ) from error
        return cls(manager, stderr, lend(folder))

    @property
    def pid(self) -> int | None:
        """Where what the kernel uses is counted from: it need be no child of this process."""
        return None if self._process is None else self._process.pid

    @property
    def language(self) -> str:
        spec = self.manager.kernel_spec
        return spec.language if spec else ""

    @property
    def prelude(self) -> str:
        """What it executes before the first cell."""
        spec = self.manager.kernel_spec
        return _IPYKERNEL_PRELUDE % str(self._lent) if spec and is_ipykernel(spec) else ""

    @property
    def exit_status(self) -> int | None:
        """As `Popen.returncode`: None while it lives, -9 for SIGKILL."""
        return None if self._process is None else self._process.poll()

    @property
    def alive(self) -> bool:
        return bool(self.manager.has_kernel and run_sync(self.manager.is_alive)())

    def stderr_tail(self, lines: int = 80) -> tuple[str, ...]:
        with self._stderr.open("rb") as log:
            log.seek(max(0, self._stderr.stat().st_size - _STDERR_KEPT))
            return tuple(log.read().decode(errors="replace").splitlines()[-lines:])

    def shutdown(self, *, now: bool) -> None:
        """Ends the kernel, with its exit hooks unless `now`, and then whatever is left of its process group."""
        self.manager.shutdown_wait_time = _EXIT_WAIT
        if self.manager.has_kernel:
            run_sync(self.manager.shutdown_kernel)(now=now or self.exit_status is not None)
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
                os.killpg(self._process.pid, signal.SIGKILL)


def is_ipykernel(spec: KernelSpec) -> bool:
    return any("ipykernel" in part for part in spec.argv)
