"""Compares a bare `predict_proba`, an endpoint of ours, and `mlflow models serve`, on one model and one machine.

    python tests/bench/serving.py [--rows 1] [--requests 500] [--clients 16]

The model is a churn-like pipeline: 14 numbers, an integer, 4 text columns; one-hot, scaling, XGBoost of 200 trees.
One at a time they take turns, so that a busy machine is as hard on one as on the other; many at once they are asked one
after the other. `p10` shows the least of the machine's noise; `cpu ms` is what a server's processes spent on a request.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from gristmill.endpoints.model import ENDPOINT_PROTOCOL, DesiredState, Variant
from gristmill.serving.artifact import ORIGIN
from gristmill.serving.folders import DESIRED, EndpointFolder
from tests.ports import free_port

CATEGORIES = ("state", "international_plan", "voice_plan", "area")


def table(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"minutes_{index}": rng.normal(size=rows) for index in range(14)})
    frame["calls"] = rng.integers(0, 400, rows)
    for name in CATEGORIES:
        frame[name] = rng.choice(["a", "b", "c"], rows)
    return frame


def save_model(path: Path) -> Any:
    """The fitted pipeline, saved at `path` as MLflow saves it."""
    import mlflow.sklearn
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from xgboost import XGBClassifier

    frame = table(2000)
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), list(CATEGORIES)), remainder=StandardScaler()
    )
    model = make_pipeline(encode, XGBClassifier(n_estimators=200, max_depth=4, n_jobs=1))
    model.fit(frame, (frame["minutes_0"] > 0).astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            model,
            path,
            signature=mlflow.models.infer_signature(frame, model.predict_proba(frame)),
            input_example=frame.head(2),
            pyfunc_predict_fn="predict_proba",
            pip_requirements=["scikit-learn"],
            skops_trusted_types=["xgboost.core.Booster", "xgboost.sklearn.XGBClassifier"],
        )
    (path / ORIGIN).write_text(json.dumps({"artifact_path": "bench"}), "utf-8")
    return model


@contextlib.contextmanager
def gristmill_server(model: Path, root: Path, port: int) -> Iterator[psutil.Process]:
    variant = Variant(name="main", model="churn", version="1", artifact_path="bench", profile="small")
    state = DesiredState(
        protocol=ENDPOINT_PROTOCOL,
        endpoint="endpoint_bench",
        name="churn",
        generation=1,
        host="127.0.0.1",
        port=port,
        variants=(variant,),
        open=True,
    )
    folder = EndpointFolder(root)
    folder.write(root / DESIRED, state)
    folder.models.mkdir()
    folder.model(variant).symlink_to(model)
    with running(
        [sys.executable, "-m", "gristmill.serving", "--endpoint", "churn", "--dir", str(root)], port
    ) as server:
        yield server


@contextlib.contextmanager
def mlflow_server(model: Path, port: int) -> Iterator[psutil.Process]:
    """What `mlflow models serve --env-manager local` runs."""
    command = ["models", "serve", "-m", str(model), "--env-manager", "local", "-p", str(port)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it starts `uvicorn` by its name
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": path}
    with running([sys.executable, "-m", "mlflow", *command], port, environment) as server:
        yield server


@contextlib.contextmanager
def running(command: list[str], port: int, environment: dict[str, str] | None = None) -> Iterator[psutil.Process]:
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _await_health(port, process)
        yield psutil.Process(process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _await_health(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
            probe.settimeout(60)
            probe.sendall(b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            if probe.recv(64).startswith(b"HTTP/1.1 200"):
                return
        time.sleep(0.1)
    raise SystemExit(f"no answer on port {port}")


class Client(asyncio.Protocol):
    """Sends the same request again and again over one connection; little more than the socket's own cost."""

    def __init__(self, request: bytes, left: list[int], seconds: list[float]) -> None:
        self.request, self.left, self.seconds = request, left, seconds
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.send()

    def send(self) -> None:
        if self.left[0] <= 0:
            self.transport.close()
            self.done.set_result(None)
            return
        self.left[0] -= 1
        self.start = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if (wanted := length_of(self.buffer)) is not None and len(self.buffer) >= wanted:
            self.seconds.append(time.perf_counter() - self.start)
            self.buffer = b""
            self.send()


async def load(port: int, body: bytes, requests: int, clients: int) -> tuple[list[float], float]:
    """Seconds of each request, and of all together."""
    request, left, seconds = request_of(body), [requests], list[float]()
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    made = [
        await loop.create_connection(lambda: Client(request, left, seconds), "127.0.0.1", port) for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in made))
    return seconds, time.perf_counter() - start


def cpu_seconds(server: psutil.Process) -> float:
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def body_of(rows: int) -> bytes:
    content: dict[str, Any] = json.loads(table(rows).to_json(orient="split"))
    del content["index"]
    return json.dumps({"dataframe_split": content}).encode()


def turn_by_turn(calls: dict[str, Callable[[], object]], turns: int) -> dict[str, list[float]]:
    """Seconds of each call. They take turns, so that a busy machine is as hard on one as on the other."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(-10, turns):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn >= 0:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def requester(port: int, body: bytes) -> Callable[[], object]:
    """Sends the body over one connection that it keeps, and waits for the answer: little beside the socket itself."""
    connection = socket.create_connection(("127.0.0.1", port), 60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = request_of(body)

    def send() -> None:
        connection.sendall(request)
        answer = b""
        while (wanted := length_of(answer)) is None or len(answer) < wanted:
            answer += connection.recv(65536)

    return send


def request_of(body: bytes) -> bytes:
    head = "POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


def length_of(answer: bytes) -> int | None:
    """How many bytes the answer that begins like this has, None where its head is not whole yet."""
    head, found, _ = answer.partition(b"\r\n\r\n")
    if not found:
        return None
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(answer.decode())
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return len(head) + 4 + int(length.split(b":")[1])


def together(server: psutil.Process, port: int, body: bytes, requests: int, clients: int) -> dict[str, float]:
    asyncio.run(load(port, body, max(20, requests // 10), clients))
    before = cpu_seconds(server)
    seconds, total = asyncio.run(load(port, body, requests, clients))
    spent = (cpu_seconds(server) - before) / requests * 1000
    return {**percentiles(seconds), "cpu ms": spent, "requests/s": requests / total}


def percentiles(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return {"p10 ms": cuts[9] * 1000, "p50 ms": cuts[49] * 1000, "p99 ms": cuts[98] * 1000}


def show(name: str, figures: dict[str, float]) -> None:
    sys.stdout.write(f"{name:18}" + "  ".join(f"{key} {value:8.2f}" for key, value in figures.items()) + "\n")
    sys.stdout.flush()


def compare(root: Path, rows: int, requests: int, clients: int) -> None:
    model = save_model(root / "model")
    frame, body = table(rows), body_of(rows)
    ours, theirs = free_port(), free_port()
    with (
        gristmill_server(root / "model", root / "endpoint", ours) as our_server,
        mlflow_server(root / "model", theirs) as their_server,
    ):
        alone = turn_by_turn(
            {
                "bare model": lambda: model.predict_proba(frame),
                "gristmill": requester(ours, body),
                "mlflow serve": requester(theirs, body),
            },
            requests,
        )
        figures = {name: percentiles(seconds) for name, seconds in alone.items()}
        for name, figure in figures.items():
            show(name, figure)
        crowd = {
            "gristmill": together(our_server, ours, body, requests * 2, clients),
            "mlflow serve": together(their_server, theirs, body, max(100, requests // 3), clients),
        }
    for name, figure in crowd.items():
        show(f"{name} @{clients}", figure)
    for cut in ("p10 ms", "p50 ms"):
        sys.stdout.write(
            f"one at a time, {cut}: {figures['gristmill'][cut] - figures['bare model'][cut]:.2f} above the bare model, "
            f"{figures['mlflow serve'][cut] / figures['gristmill'][cut]:.1f} times faster than MLflow's\n"
        )
    sys.stdout.write(
        f"{clients} at once: {crowd['gristmill']['requests/s'] / crowd['mlflow serve']['requests/s']:.1f} times "
        f"MLflow's requests/s, {crowd['mlflow serve']['cpu ms'] / crowd['gristmill']['cpu ms']:.1f} times less cpu\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1, help="rows in a request")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--clients", type=int, default=16, help="connections at once, for the second figure")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        compare(Path(name), options.rows, options.requests, options.clients)


if __name__ == "__main__":
    main()
