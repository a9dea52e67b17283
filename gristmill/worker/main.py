"""`python -m gristmill.worker`: executes one attempt and exits.

Exit status: 0 when the attempt's end was delivered, whatever it was, or when another worker has the attempt; 1 for a
fault of the worker itself; 3 when the control plane did not take everything: the rest is in `journal.jsonl`.
"""

import argparse
import os
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from gristmill.client.address import Address
from gristmill.client.handed_over import add_token_options, read_token
from gristmill.client.relay import Relay
from gristmill.core.clock import SystemClock
from gristmill.core.errors import ConflictError, GristmillError
from gristmill.runs.model import WORKER_PROTOCOL, AttemptOrder
from gristmill.worker.bridging import PATIENCE, bridged
from gristmill.worker.stop import Stop, StopReason
from gristmill.worker.transport import ControlPlane, Transport

DELIVERED, FAILED, UNDELIVERED = 0, 1, 3
_PAUSE = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.lock_fd is not None:
        os.set_inheritable(options.lock_fd, False)  # the lock says that this process lives: no child may hold it
    token = read_token(options.token_fd, options.token_file)
    folder: Path = options.dir.resolve()
    _prepare(folder, options.attempt)
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.request(StopReason.CANCELLED))
    address = Address(options.url, options.address_file)
    with ControlPlane(address, token, options.attempt) as control_plane:
        try:
            order = _claim(control_plane, stop)
        except ConflictError as error:
            _say(f"not executed: {error.message}")
            return DELIVERED
        except GristmillError as error:
            _say(f"no claim: {error.message}")
            return FAILED
        with _tracking(order, address, token) as tracking, ExitStack() as held:
            order = _with_stable_tracking(order, address, held)
            return _execute(order, folder, control_plane, tracking, stop)


def _claim(control_plane: ControlPlane, stop: Stop) -> AttemptOrder:
    """One nonce for all tries: an answer that got lost on its way is given again."""
    nonce = secrets.token_hex(16)
    order = bridged(
        lambda: control_plane.claim(nonce),
        give_up=lambda failed_for: failed_for >= PATIENCE or stop.reason is not None,
        pause=lambda seconds: _pause(seconds, stop),
    )
    if order.protocol != WORKER_PROTOCOL:
        raise GristmillError(f"the control plane speaks worker protocol {order.protocol}, expected {WORKER_PROTOCOL}")
    return order


def _tracking(order: AttemptOrder, address: Address, token: str) -> Transport:
    """MLflow behind the control plane, which it moves with."""
    if order.tracking_uri.startswith(f"{address.url}/"):
        return Transport(address, token, prefix=order.tracking_uri.removeprefix(address.url))
    raise GristmillError(
        f"MLflow at {order.tracking_uri} is not behind the control plane at {address.url}",
        hint="Start the control plane with the URL that its workers reach it by.",
    )


def _with_stable_tracking(order: AttemptOrder, address: Address, held: ExitStack) -> AttemptOrder:
    """The order, with an address of MLflow that is right as long as this process lives: the kernel knows one only."""
    if not address.may_move or not address.url.startswith("http:"):
        return order
    relay = held.enter_context(Relay(address, order.kernel_token))
    return replace(order, tracking_uri=relay.url + order.tracking_uri.removeprefix(address.url))


def _execute(order: AttemptOrder, folder: Path, control_plane: ControlPlane, tracking: Transport, stop: Stop) -> int:
    from gristmill.worker.attempt import Attempt
    from gristmill.worker.journal import Journal
    from gristmill.worker.outbox import Outbox
    from gristmill.worker.spool import Spool

    spool = Spool(folder)
    outbox = Outbox(
        control_plane,
        Journal(folder),
        spool,
        on_cancel=lambda: stop.request(StopReason.CANCELLED) if stop.reason is None else None,
        on_refused=lambda: stop.request(StopReason.REFUSED),
        together=order.small_blobs,
    )
    try:
        Attempt(
            order,
            folder,
            control_plane=control_plane,
            tracking=tracking,
            outbox=outbox,
            spool=spool,
            stop=stop,
            clock=SystemClock(),
        ).run()
    finally:
        delivered = outbox.close()
    return DELIVERED if delivered else UNDELIVERED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gristmill.worker", description="Executes one attempt of a run.")
    parser.add_argument("--url", required=True, help="the control plane's address")
    parser.add_argument(
        "--address-file", type=Path, help="where the control plane's newest address is, if it has moved"
    )
    parser.add_argument("--attempt", required=True, help="the attempt's id")
    parser.add_argument("--dir", required=True, type=Path, help="the attempt's folder")
    add_token_options(parser)
    parser.add_argument("--lock-fd", type=int, help="an open file that is locked while the worker lives")
    return parser


def _prepare(folder: Path, attempt: str) -> None:
    runtime = folder / "runtime"
    runtime.mkdir(parents=True, exist_ok=True)
    runtime.chmod(0o700)
    os.environ["GRISTMILL_ATTEMPT"] = attempt
    os.environ["JUPYTER_RUNTIME_DIR"] = str(runtime)


def _pause(seconds: float, stop: Stop) -> None:
    """Ends early when the worker is asked to stop."""
    until = time.monotonic() + seconds
    while stop.reason is None and time.monotonic() < until:
        time.sleep(_PAUSE)


def _say(text: str) -> None:
    print(f"gristmill worker: {text}", file=sys.stderr, flush=True)  # noqa: T201  # the worker's log
