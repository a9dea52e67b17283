"""One worker process as its supervisor sees it."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from gristmill.endpoints.model import DesiredState, Phase, VariantStatus, last_lines
from gristmill.serving.output import WorkerOutput
from gristmill.serving.report import KeysInForce, Outcome, WorkerReport, keys_line, parse_report

_SECRETS = ("GRISTMILL_TOKEN", "MLFLOW_TRACKING_TOKEN")  # a model's code has no business with them
_REPORT_LIMIT = 64 * 1024 * 1024  # bytes of a report: the answer to the input example is in it
_LOG = logging.getLogger("gristmill.serving")


class Child:
    """A started worker. `exited` is set as soon as the process is gone, whatever ended it."""

    def __init__(
        self,
        state: DesiredState,
        process: asyncio.subprocess.Process,
        channel: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        output: WorkerOutput,
    ) -> None:
        self.state = state
        self.exited = asyncio.Event()
        self.status: VariantStatus | None = None
        self._process = process
        self._reader, self._writer = channel
        self._output = output
        self._waiting = asyncio.ensure_future(self._wait())

    async def _wait(self) -> None:
        """The channel stays open as long as the process lives: its closing would end it."""
        await self._process.wait()
        self._output.close()
        self._writer.close()
        self.exited.set()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def report(self, on_phase: Callable[[Phase], None]) -> WorkerReport | None:
        """Its last report, None where it ended without; `on_phase` is told how far it is."""
        while (report := await self._next_report()) and report.outcome is Outcome.GOES_ON:
            if report.phase is not None:
                on_phase(report.phase)
        if report and report.outcome is Outcome.READY:
            self.status = report.status
        return report

    async def _next_report(self) -> WorkerReport | None:
        try:
            line = await self._reader.readline()
            return parse_report(line) if line else None
        except (msgspec.DecodeError, ValueError, OSError) as error:
            _LOG.warning("worker %d: its report cannot be read: %s", self.pid, error)
            return None

    def tell(self, keys: KeysInForce) -> None:
        if self.alive:
            self._writer.write(keys_line(keys))

    def end(self) -> str:
        """How it ended, for a message."""
        code = self._process.returncode
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                return f"was ended by {signal.Signals(-code).name}"
        return f"ended with status {code}"

    def last_words(self) -> str:
        """How it ended, with the last lines that it wrote."""
        said = last_lines(self._output.tail)
        return f"{self.end()}; its last lines:\n{said}" if said else self.end()

    def send(self, number: signal.Signals) -> None:
        """Past subprocess's `send_signal`, which may take its status away from asyncio, who then tells of 255."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def stop(self, number: signal.Signals, patience: float) -> None:
        """Signals it, and kills it if it has not ended after `patience` seconds."""
        self.send(number)
        try:
            await asyncio.wait_for(self.exited.wait(), patience)
        except TimeoutError:
            _LOG.warning("worker %d did not end in %.0f s: killed", self.pid, patience)
            self.send(signal.SIGKILL)
            await self.exited.wait()


async def start_child(root: Path, state: DesiredState, listener: socket.socket) -> Child:
    """A worker for this generation, which has been written to the endpoint's folder."""
    ours, theirs = socket.socketpair()
    output = WorkerOutput()
    try:
        with theirs:
            process = await _spawn(root, state, listener, theirs, output.write_end)
    except BaseException:
        ours.close()
        output.close()
        raise
    finally:
        os.close(output.write_end)
    return Child(state, process, await asyncio.open_connection(sock=ours, limit=_REPORT_LIMIT), output)


async def _spawn(
    root: Path, state: DesiredState, listener: socket.socket, channel: socket.socket, output: int
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # no module of the folder that it happens to start in
        "-m",
        "gristmill.serving.worker",
        f"--dir={root}",
        f"--generation={state.generation}",
        f"--listen-fd={listener.fileno()}",
        f"--status-fd={channel.fileno()}",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=(listener.fileno(), channel.fileno()),
        env=_environment(state),
        cwd=root,
    )


def _environment(state: DesiredState) -> dict[str, str]:
    """The supervisor's own, by whose mark a worker that was left behind is found."""
    kept = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    return {"GRISTMILL_ENDPOINT": state.endpoint, **kept}
