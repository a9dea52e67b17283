"""Compares a bare `predict_proba`, an endpoint of ours, and `mlflow models serve`, on one model and one machine.

    python tests/bench/serving.py [--rows 1] [--requests 2000] [--clients 16]

The model is a churn-like pipeline: 14 numbers, an integer, 4 text columns; one-hot, scaling, XGBoost of 200 trees.
Servers run one after the other, each alone, on the cores that this process leaves; trust the ratios. `cpu ms` is what
the server's processes spent for a request: a busy machine changes it least.
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from gristmill.endpoints.model import ENDPOINT_PROTOCOL, DesiredState, Variant
from gristmill.serving.artifact import ORIGIN
from gristmill.serving.folders import DESIRED, EndpointFolder

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


def bare(model: Any, rows: int, requests: int) -> dict[str, float]:
    """The model alone, on a DataFrame that is there."""
    frame = table(rows)
    seconds = []
    cpu = time.process_time()
    for _ in range(requests):
        start = time.perf_counter()
        model.predict_proba(frame)
        seconds.append(time.perf_counter() - start)
    return {**percentiles(seconds), "cpu ms": (time.process_time() - cpu) / requests * 1000}


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
        self.wanted = 0

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
        if not self.wanted:
            head, found, _ = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(self.buffer.decode())
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self.wanted = len(head) + 4 + int(length.split(b":")[1])
        if len(self.buffer) >= self.wanted:
            self.seconds.append(time.perf_counter() - self.start)
            self.buffer, self.wanted = b"", 0
            self.send()


async def load(port: int, body: bytes, requests: int, clients: int) -> tuple[list[float], float]:
    """Seconds of each request, and of all together."""
    head = "POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
    left, seconds = [requests], list[float]()
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


def measure(server: psutil.Process, port: int, rows: int, requests: int, clients: int) -> dict[str, float]:
    content: dict[str, Any] = json.loads(table(rows).to_json(orient="split"))
    del content["index"]
    body = json.dumps({"dataframe_split": content}).encode()
    asyncio.run(load(port, body, max(20, requests // 10), 1))
    started = cpu_seconds(server)
    alone, _ = asyncio.run(load(port, body, requests, 1))
    between = cpu_seconds(server)
    together, total = asyncio.run(load(port, body, requests, clients))
    ended = cpu_seconds(server)
    return {
        **percentiles(alone),
        "cpu ms": (between - started) / requests * 1000,
        **percentiles(together, f"@{clients}"),
        f"cpu ms@{clients}": (ended - between) / requests * 1000,
        "requests/s": len(together) / total,
    }


def percentiles(seconds: list[float], suffix: str = "") -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return {f"p50 ms{suffix}": cuts[49] * 1000, f"p99 ms{suffix}": cuts[98] * 1000}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def show(name: str, figures: dict[str, float]) -> None:
    sys.stdout.write(f"{name:14}" + "  ".join(f"{key} {value:9.2f}" for key, value in figures.items()) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1, help="rows in a request")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=16, help="connections at once, for the second figure")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        model = save_model(root / "model")
        alone = bare(model, options.rows, options.requests)
        show("bare model", alone)
        port = free_port()
        with gristmill_server(root / "model", root / "endpoint", port) as server:
            ours = measure(server, port, options.rows, options.requests, options.clients)
        show("gristmill", ours)
        port = free_port()
        with mlflow_server(root / "model", port) as server:
            theirs = measure(server, port, options.rows, max(100, options.requests // 5), options.clients)
        show("mlflow serve", theirs)
    sys.stdout.write(
        f"one at a time: p50 {ours['p50 ms'] - alone['p50 ms']:.2f} ms and cpu {ours['cpu ms'] - alone['cpu ms']:.2f} ms "
        f"above the bare model, {theirs['p50 ms'] / ours['p50 ms']:.1f} times faster than MLflow's; "
        f"{options.clients} at once: {ours['requests/s'] / theirs['requests/s']:.1f} times its requests/s\n"
    )


if __name__ == "__main__":
    main()
