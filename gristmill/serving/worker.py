"""`python -m gristmill.serving.worker`: one generation of an endpoint, served on a socket that it was given.

SIGTERM ends it after what is in flight. SIGUSR1 too, with more time: another worker has taken over, and clients that
hold a connection open get one more answer on it.
"""

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.core.errors import GristmillError, NotFoundError
from gristmill.endpoints.model import DesiredState, Phase
from gristmill.serving.folders import EndpointFolder, live_variant
from gristmill.serving.lifeline import end_with
from gristmill.serving.report import KeysInForce, Outcome, WorkerReport, parse_keys, send_report

if TYPE_CHECKING:
    from gristmill.serving.app import EndpointApp
    from gristmill.serving.served import ServedModel

STOP_GRACE_S = 0.5
HANDOVER_GRACE_S = 5.0
_THREAD_POOLS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_LOG = logging.getLogger("gristmill.serving")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gristmill.serving.worker")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--generation", type=int, required=True)
    parser.add_argument("--listen-fd", type=int, required=True)
    parser.add_argument("--status-fd", type=int, required=True)
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s worker %(process)d %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches the supervisor, which decides
    supervisor = socket.socket(fileno=options.status_fd)
    keys = _Keys()
    end_with(supervisor, keys.hear)
    try:
        _serve(EndpointFolder(options.dir), options.generation, options.listen_fd, supervisor, keys)
    except GristmillError as error:
        _LOG.exception("generation %d cannot be served", options.generation)
        send_report(supervisor, WorkerReport(outcome=Outcome.FAILED, message=error.message, hint=error.hint))
        return error.exit_code
    return 0


class _Keys:
    """The keys that the supervisor says are in force, also while the model is still being loaded."""

    def __init__(self) -> None:
        self._last: KeysInForce | None = None
        self._app: EndpointApp | None = None

    def hear(self, line: bytes) -> None:
        self._last = parse_keys(line)
        if self._app is not None:
            self._app.accept(self._last)

    def reach(self, app: "EndpointApp") -> None:
        # In this order nothing is lost between the two threads: at worst it is accepted twice.
        self._app = app
        if self._last is not None:
            app.accept(self._last)


def _serve(folder: EndpointFolder, generation: int, listen_fd: int, supervisor: socket.socket, keys: _Keys) -> None:
    desired = folder.read(folder.generation(generation))
    if desired is None:
        raise NotFoundError(f"generation {generation} is not in the endpoint's folder")
    _size_thread_pools(desired.cpu)
    # From here on model libraries are imported, which read the sizes of their pools then.
    import uvicorn

    from gristmill.serving.artifact import read_model
    from gristmill.serving.served import load_variant

    variant = live_variant(desired)

    def tell(phase: Phase) -> None:
        send_report(supervisor, WorkerReport(outcome=Outcome.GOES_ON, phase=phase))

    model = load_variant(variant, read_model(folder.model(variant)), desired.cpu, on_phase=tell)
    gc.collect()
    gc.freeze()  # the model and its libraries are not looked through again at every collection
    with asyncio.Runner(loop_factory=uvicorn.Config("", log_config=None).get_loop_factory()) as runner:
        runner.run(_answer(desired, model, listen_fd, supervisor, keys))


def _size_thread_pools(cpu: float) -> None:
    for name in _THREAD_POOLS:
        os.environ[name] = str(max(1, int(cpu)))


async def _answer(
    desired: DesiredState, model: "ServedModel", listen_fd: int, supervisor: socket.socket, keys: _Keys
) -> None:
    from gristmill.serving.app import EndpointApp
    from gristmill.serving.draining import DrainingServer, on_signals

    app = EndpointApp(desired, model)
    keys.reach(app)
    ready = WorkerReport(outcome=Outcome.READY, status=model.status)
    server = DrainingServer(app, on_started=lambda: send_report(supervisor, ready))
    on_signals(server, {signal.SIGTERM: STOP_GRACE_S, signal.SIGUSR1: HANDOVER_GRACE_S})
    await server.serve(sockets=[socket.socket(fileno=listen_fd)])
    app.batcher.close()


if __name__ == "__main__":
    sys.exit(main())
