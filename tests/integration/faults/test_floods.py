"""More than anybody can read: reports as fast as a notebook can make them, and readers of events who do not read."""

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.client.credentials import read_port_file
from gristmill.runs.model import Run, RunState
from tests.integration.conftest import ControlPlane, WriteNotebook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MB = 2**20
REPORTS = """\
import time
import gristmill
began = time.monotonic()
for n in range(50_000):
    gristmill.report(auc=n / 50_000, loss=1.0 / (n + 1))
print("per second:", round(50_000 / (time.monotonic() - began)))
"""


def folder_size(folder: Path) -> int:
    """Of what does not vanish meanwhile."""
    size = 0
    for top, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += Path(top, name).lstat().st_size
    return size


class Watch:
    """The most memory that the control plane was seen to have."""

    def __init__(self, plane: ControlPlane) -> None:
        self._process = psutil.Process(plane.pid)
        self.most = self.now

    @property
    def now(self) -> int:
        return int(self._process.memory_info().rss)

    def look(self) -> None:
        self.most = max(self.most, self.now)


def test_metrics_as_fast_as_they_can_be_reported_make_few_events(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    """The last value of each counts; what comes between costs neither rows, nor disk, nor memory."""
    watch = Watch(control_plane)
    before, took_disk = watch.now, folder_size(control_plane.home)
    seen = 0
    run = client.run(notebook(REPORTS, "print('over')"))
    for _ in client.follow(run):
        watch.look()
        seen += 1
    done = client.send(api.get_run(run.id)).run
    assert done.state is RunState.SUCCEEDED, done.fault
    assert done.metrics["auc"].value == pytest.approx(0.99998)
    rate = int(printed(client, done).split("per second:")[1].split()[0])
    grown, disk = watch.most - before, folder_size(control_plane.home) - took_disk
    print(f"{rate}/s, {seen} events, {grown / MB:.1f} MB of memory, {disk / MB:.1f} MB of disk")  # noqa: T201  # measured
    took = (done.ended_at - done.created_at).total_seconds() if done.ended_at else 0.0
    assert seen < 50 + 5 * took, "metrics are told four times a second; the run has other events too"
    assert grown < 40 * MB
    assert disk < 60 * MB


def printed(client: Client, run: Run) -> str:
    page = client.send(api.list_run_events(run.id, after=0, limit=1000))
    chunks = [client.send(api.get_blob(event.data["digest"])) for event in page.events if event.kind == "log"]
    return b"".join(chunks).decode()


def test_a_reader_who_does_not_read_costs_the_server_no_memory(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    """Twenty of them, behind everything that has ever happened, while runs go on."""
    for n in range(3):
        client.wait(client.run(notebook("\n".join(f"print({k})" for k in range(20)), name=f"n{n}.ipynb")))
    watch = Watch(control_plane)
    before = watch.now
    readers = [silent_reader(control_plane) for _ in range(20)]
    try:
        for _ in range(3):
            done = client.wait(client.run(notebook("print('x' * 10_000)", name="more.ipynb")))
            assert done.state is RunState.SUCCEEDED
            watch.look()
        began = time.monotonic()
        client.send(api.status())
        assert time.monotonic() - began < 20
    finally:
        for reader in readers:
            reader.close()
    print(f"{(watch.most - before) / MB:.1f} MB of memory for {len(readers)} readers")  # noqa: T201  # measured
    assert watch.most - before < 40 * MB


def silent_reader(plane: ControlPlane) -> socket.socket:
    found = read_port_file(plane.settings.port_file)
    assert found is not None
    host, _, port = found.url.removeprefix("http://").partition(":")
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect((host, int(port)))
    headers = f"Host: {host}\r\nAuthorization: Bearer {found.token}\r\n\r\n"
    reader.sendall(f"GET /api/events/stream?after=0 HTTP/1.1\r\n{headers}".encode())
    return reader
