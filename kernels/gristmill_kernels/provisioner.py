"""The kernel provisioner `gristmill-warm`: a kernel forked from its environment's zygote, where one is ready.

Where none is, the kernel is started as ever and a zygote for the next one beside it. Nobody waits for a zygote. On a
platform without zygotes a kernel that was started in advance takes the zygote's place.
"""

import asyncio
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, Unicode, default

from gristmill.core.settings import read_settings
from gristmill_kernels import ahead, starting
from gristmill_kernels.allow_list import ALLOWED, BASE, allowed, chosen, note_used
from gristmill_kernels.command import Command, read_command
from gristmill_kernels.environment import Environment, environment_of
from gristmill_kernels.forked import Forked
from gristmill_kernels.forking import NotForkedError, Wanted, fork
from gristmill_kernels.place import Place
from gristmill_kernels.private import make_private
from gristmill_kernels.tracked import TrackedKernel, directly, track

IMPORTS = "gristmill_imports"  # a launch option: modules that the notebook names, as far as it is known beforehand


class WarmProvisioner(LocalProvisioner):
    """As `LocalProvisioner` in everything but where the process comes from."""

    warm = Bool(help="Fork kernels from a zygote (GRISTMILL_WARM_KERNELS).").tag(config=True)
    home = Unicode(help="Where zygotes have their folders: Gristmill's home.").tag(config=True)

    @default("warm")
    def _default_warm(self) -> bool:
        return read_settings().warm_kernels

    @default("home")
    def _default_home(self) -> str:
        return str(read_settings().home)

    holds = Bool(False, help="What kernels leave behind stays together until this process ends.").tag(config=True)
    cold_because = ""  # of the last start, where a zygote was asked or would have been
    _forked: Forked | None = None
    _tracked: TrackedKernel | None = None
    _kept = False

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        if self.parent is not None and any("ipykernel" in part for part in self.kernel_spec.argv):
            make_private(self.parent)
        if not self.holds and "env" in kwargs and read_settings().track_kernels:
            kwargs["env"] = await asyncio.to_thread(self._tracked_environ, kwargs["env"], kwargs.get("cwd") or ".")
        return await super().pre_launch(**kwargs)

    async def post_launch(self, **kwargs: Any) -> None:
        await super().post_launch(**kwargs)
        if self._tracked is not None and not self._kept:
            self._kept = True
            self._tracked.keep(lambda: self.process is not None and self.process.poll() is None)

    def _tracked_environ(self, environ: Mapping[str, str], cwd: str) -> dict[str, str]:
        """A restarted kernel goes on in its session."""
        if self._tracked is None or self._tracked.over:
            self._tracked, self._kept = track(environ, Path(cwd), read_settings()), False
        if self._tracked is None:
            return dict(environ)
        added = self._tracked.environment
        return {**environ, **added, **directly(environ, added["MLFLOW_TRACKING_URI"])}

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002  # its base class's signature
        await super().cleanup(restart=restart)
        if self._tracked is not None and not restart:
            await asyncio.to_thread(self._tracked.end)
        if self._forked is not None and not self.holds:
            self._forked.release()
            self._forked = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        imports: Sequence[str] = kwargs.pop(IMPORTS, ())
        command = self._command(cmd, kwargs)
        if command is None:
            return await super().launch_kernel(cmd, **kwargs)
        options = LocalProvisioner._scrub_kwargs(kwargs)  # noqa: SLF001  # the class that this one is a kind of
        try:
            process = await asyncio.to_thread(self._ready_made, command, options, imports)
        except NotForkedError as reason:
            self.cold_because = str(reason)
            self.log.debug("kernel started cold: %s", reason)
            started = await super().launch_kernel(cmd, **kwargs)
            await asyncio.to_thread(self._prepare_next, command, options["env"])
            return started
        if isinstance(process, Forked):
            self._forked = process
        else:
            await asyncio.to_thread(self._prepare_next, command, options["env"])
        # Not asked for: until it is a leader the process is in its zygote's group.
        self.process: Any = process
        self.pid = self.pgid = process.pid
        self.cwd = options.get("cwd") or Path.cwd()
        return self.connection_info

    def _command(self, cmd: list[str], options: Mapping[str, Any]) -> Command | None:
        if not self.warm or options.get("preexec_fn") or "env" not in options:
            return None
        if (self.holds or "GRISTMILL_ATTEMPT" in options["env"]) and not starting.is_supported():
            return None  # a worker: it has no use for another kernel
        if subprocess.PIPE in (options.get("stdout"), options.get("stderr"), options.get("stdin")):
            return None
        if options["env"].get("PYTHONSAFEPATH"):
            return None
        return read_command(cmd, options["env"])

    def _ready_made(
        self, command: Command, options: Mapping[str, Any], imports: Sequence[str]
    ) -> "Forked | subprocess.Popen[bytes]":
        forks = starting.is_supported()
        environ = dict(options["env"])
        if not options.get("independent", False):
            environ["JPY_PARENT_PID"] = str(os.getpid())
        if imports:
            note_used(self._used(command, environ), imports)
        with _standard_files(options) as files:
            wanted = Wanted(
                argv=command.argv,
                module=command.module,
                arguments=command.arguments,
                cwd=os.path.abspath(options.get("cwd") or Path.cwd()),  # noqa: PTH100  # links stay as they are
                environ=environ,
                files=files,
                kernel=True,
                owned=forks and not options.get("independent", False),
                used=self._used(command, environ),
                recorded=ALLOWED,
                wanted_modules=allowed(imports),
            )
            if not forks:
                return ahead.take(command, environ, wanted)
            return fork(Place.of(Path(self.home), self._environment(command, environ)), wanted)

    def _prepare_next(self, command: Command, environ: Mapping[str, str]) -> None:
        used = self._used(command, environ)
        used.mkdir(parents=True, exist_ok=True, mode=0o700)
        idle = read_settings().warm_idle
        if not starting.is_supported():
            ahead.start(command, environ, base=BASE, more=chosen(used), idle=idle)
            return
        starting.start(
            Path(self.home),
            self._environment(command, environ),
            environ,
            base=BASE,
            more=chosen(used),
            idle=idle,
        )

    def _used(self, command: Command, environ: Mapping[str, str]) -> Path:
        return Path(self.home) / "kernels" / "used" / self._environment(command, environ).used_key

    def _environment(self, command: Command, environ: Mapping[str, str]) -> Environment:
        return environment_of(command.interpreter, command.flags, environ)


@contextmanager
def _standard_files(options: Mapping[str, Any]) -> Iterator[dict[int, int]]:
    """Standard input, output and error as `Popen` would give them; an input that nobody writes to is at its end."""
    with ExitStack() as opened:
        stdin = _descriptor(options.get("stdin"), None, opened)
        if stdin is None:
            stdin, write_end = os.pipe()
            os.close(write_end)
            opened.callback(os.close, stdin)
        stdout = _descriptor(options.get("stdout"), 1, opened)
        stderr = stdout if options.get("stderr") == subprocess.STDOUT else _descriptor(options.get("stderr"), 2, opened)
        yield {0: stdin, 1: stdout, 2: stderr}  # type: ignore[dict-item]  # None was for input alone


def _descriptor(given: Any, inherited: int | None, opened: ExitStack) -> int | None:
    if given is None:
        return inherited
    if given == subprocess.DEVNULL:
        descriptor = os.open(os.devnull, os.O_RDWR)
        opened.callback(os.close, descriptor)
        return descriptor
    return given if isinstance(given, int) else int(given.fileno())
