"""`python -m gristmill.serving`: the supervisor of one endpoint."""

import argparse
import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sys
from pathlib import Path

from gristmill.client.address import Address
from gristmill.client.handed_over import add_token_options, read_token
from gristmill.core.clock import SystemClock
from gristmill.core.errors import ConflictError, GristmillError, NotFoundError
from gristmill.serving.control_plane import ControlPlane
from gristmill.serving.folders import EndpointFolder
from gristmill.serving.listener import Listeners
from gristmill.serving.starting import Starter
from gristmill.serving.supervisor import Supervisor
from gristmill.serving.telling import pull, report, report_once

LAST_WORD_S = 2.0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gristmill.serving", description=__doc__)
    parser.add_argument("--url", help="the control plane; without it, the endpoint's folder alone says what to serve")
    parser.add_argument(
        "--address-file", type=Path, help="where the control plane's newest address is, if it has moved"
    )
    parser.add_argument("--endpoint", required=True, metavar="NAME")
    parser.add_argument("--dir", type=Path, required=True, help="the endpoint's folder")
    add_token_options(parser)
    parser.add_argument("--lock-fd", type=int, help="an inherited lock of the folder; without it, one is taken")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s supervisor %(process)d %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    token = read_token(options.token_fd, options.token_file)
    try:
        lock = _lock(options.dir, options.lock_fd)
        control_plane = None
        if options.url:
            control_plane = ControlPlane(Address(options.url, options.address_file), token, options.endpoint)
        asyncio.run(_supervise(EndpointFolder(options.dir.resolve()), control_plane))
        os.close(lock)
    except GristmillError as error:
        sys.stderr.write(f"{error.message}\n{error.hint or ''}\n")
        return error.exit_code
    return 0


def _lock(folder: Path, fd: int | None) -> int:
    """The descriptor whose lock says that this supervisor lives; no worker inherits it.

    Raises:
        ConflictError: another supervisor holds it.
    """
    if fd is None:
        folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(f"another supervisor serves {folder}", hint="End that one first.") from error
    os.set_inheritable(fd, False)
    return fd


async def _supervise(folder: EndpointFolder, control_plane: ControlPlane | None) -> None:
    listeners = Listeners()
    supervisor = Supervisor(folder, Starter(folder, control_plane, listeners), listeners, SystemClock())
    supervisor.recall()
    if supervisor.desired is None and control_plane is None:
        raise NotFoundError(
            f"{folder.root} does not say what to serve",
            hint="Give --url, or the folder of an endpoint that was deployed once.",
        )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    if control_plane is None:
        await supervisor.run()
    else:
        await _together(supervisor, control_plane)


async def _together(supervisor: Supervisor, control_plane: ControlPlane) -> None:
    """Runs the supervisor as long as it will, and what speaks for it beside it."""
    talk = [asyncio.ensure_future(work(control_plane, supervisor)) for work in (pull, report)]
    running = asyncio.ensure_future(supervisor.run())
    await asyncio.wait({running, *talk}, return_when=asyncio.FIRST_COMPLETED)
    supervisor.stop()  # where one of the others ended: it never should
    await running
    for task in talk:
        task.cancel()
    faults = await asyncio.gather(*talk, return_exceptions=True)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(report_once(control_plane, supervisor), LAST_WORD_S)
    await control_plane.close()
    for fault in faults:
        if isinstance(fault, Exception):
            raise fault


if __name__ == "__main__":
    sys.exit(main())
