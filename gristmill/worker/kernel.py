"""The kernel of one attempt: a process in a session of its own, started from a kernelspec of this machine."""

import difflib
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

from gristmill.core.errors import GristmillError

if TYPE_CHECKING:
    from subprocess import Popen

_EXIT_WAIT = 20.0  # seconds from asking a kernel to end to killing it; SIGTERM in the middle
_LONGEST_SOCKET = 100  # bytes of a Unix socket's path; the system takes 107, on macOS 103
_STDERR_KEPT = 64 * 2**10
_IPYKERNEL_ARGUMENTS = [
    "--HistoryManager.hist_file=:memory:",
    # A crash in native code then says which Python line led to it; ipykernel's `sys.stderr` names the real descriptor.
    "--IPKernelApp.exec_lines=__import__('faulthandler').enable(__import__('sys').stderr, all_threads=False)",
]


class KernelStartError(GristmillError):
    """There is no kernel to execute with."""

    code = "kernel_start"
    title = "The kernel does not start"


def find_kernelspec(name: str) -> KernelSpec:
    """The kernelspec of that name.

    Raises:
        KernelStartError: there is none; offers the nearest.
    """
    specs = KernelSpecManager()
    try:
        return specs.get_kernel_spec(name)
    except NoSuchKernel:
        known = sorted(specs.find_kernel_specs())
        near = difflib.get_close_matches(name, known, n=1)
        raise KernelStartError(
            f"no kernel {name!r} on this machine: it has {', '.join(known) or 'none'}",
            hint=f"Did you mean {near[0]!r}? " * bool(near) + "Choose one with -k, or install the kernelspec.",
        ) from None


class Kernel:
    """A started kernel. `stderr` is what it wrote beside its messages: what native code says before it dies."""

    def __init__(self, manager: AsyncKernelManager, stderr: Path) -> None:
        self.manager = manager
        self._stderr = stderr
        self._process: Popen[bytes] = manager.provisioner.process  # type: ignore[union-attr]  # it was started

    @classmethod
    def start(cls, name: str, *, folder: Path, workdir: Path, environ: Mapping[str, str]) -> "Kernel":
        """Starts the process and returns at once. Connection file and sockets lie in `folder`, for nobody else's eyes.

        Raises:
            KernelStartError: the kernelspec is unknown, or what it names cannot be executed.
        """
        spec = find_kernelspec(name)
        manager = AsyncKernelManager(kernel_name=name, connection_file=str(folder / "kernel.json"))
        if is_ipykernel(spec) and len(os.fsencode(folder / "kernel-ipc-5")) <= _LONGEST_SOCKET:
            # No ports, so no race for them; the folder's mode keeps others out.
            manager.transport = "ipc"
        arguments = _IPYKERNEL_ARGUMENTS if is_ipykernel(spec) else []
        stderr = folder / "kernel.log"
        with stderr.open("wb") as log:
            try:
                run_sync(manager.start_kernel)(
                    cwd=str(workdir), env=dict(environ), stdout=log, stderr=log, extra_arguments=arguments
                )
            except OSError as error:
                raise KernelStartError(
                    f"kernel {name!r} cannot be executed: {error.strerror}: {spec.argv[0]!r}",
                    hint="Its environment was moved or removed: install the kernelspec again.",
                ) from error
        return cls(manager, stderr)

    @property
    def language(self) -> str:
        spec = self.manager.kernel_spec
        return spec.language if spec else ""

    @property
    def exit_status(self) -> int | None:
        """As `Popen.returncode`: None while it lives, -9 for SIGKILL."""
        return self._process.poll()

    def stderr_tail(self, lines: int = 80) -> tuple[str, ...]:
        with self._stderr.open("rb") as log:
            log.seek(max(0, self._stderr.stat().st_size - _STDERR_KEPT))
            return tuple(log.read().decode(errors="replace").splitlines()[-lines:])

    def shutdown(self, *, now: bool) -> None:
        """Ends the kernel, with its exit hooks unless `now`, and then whatever is left of its process group."""
        group = self._process.pid
        self.manager.shutdown_wait_time = _EXIT_WAIT
        if self.manager.has_kernel:
            run_sync(self.manager.shutdown_kernel)(now=now or self.exit_status is not None)
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # nothing is left; macOS says EPERM for a group of zombies


def is_ipykernel(spec: KernelSpec) -> bool:
    return any("ipykernel" in part for part in spec.argv)
