"""A kernel talks where nobody else of the machine listens, whoever starts it."""

import json
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from tests.integration.kernels.conftest import plain_environ
from tests.integration.kernels.started import KERNEL


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Jupyter's own folder for connections, with a short path."""
    with tempfile.TemporaryDirectory(prefix="gmr") as folder:
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", folder)
        yield Path(folder)


def answers(manager: KernelManager) -> str:
    client: Any = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        printed: list[str] = []
        client.execute_interactive(
            "print(6 * 7)", timeout=60, output_hook=lambda message: printed.append(message["content"].get("text", ""))
        )
        return "".join(printed).strip()
    finally:
        client.stop_channels()


def connection(manager: KernelManager) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(manager.connection_file).read_text())
    return found


def test_a_kernel_listens_on_sockets_in_a_folder_of_ones_own(warm_home: Path, runtime: Path) -> None:
    manager = KernelManager(kernel_name=KERNEL)
    manager.start_kernel(env=plain_environ())
    try:
        info = connection(manager)
        assert (info["transport"], Path(info["ip"]).parent) == ("ipc", runtime)
        assert stat.S_IMODE(runtime.stat().st_mode) & 0o077 == 0
        assert answers(manager) == "42"
        manager.restart_kernel()
        assert answers(manager) == "42"
    finally:
        manager.shutdown_kernel()
    assert list(runtime.iterdir()) == [], "no socket and no key is left"


def test_where_a_sockets_path_would_be_too_long_it_is_encrypted(warm_home: Path, runtime: Path) -> None:
    folder = runtime / ("long" * 25)
    folder.mkdir(mode=0o700)
    manager = KernelManager(kernel_name=KERNEL, connection_file=str(folder / "kernel.json"))
    manager.start_kernel(env=plain_environ())
    try:
        info = connection(manager)
        assert info["transport"] == "tcp"
        assert info["curve_publickey"]
        assert answers(manager) == "42"
    finally:
        manager.shutdown_kernel()


def test_what_somebody_has_configured_stays(warm_home: Path, runtime: Path) -> None:
    manager = KernelManager(kernel_name=KERNEL, config=Config(KernelManager={"transport": "tcp"}))
    manager.start_kernel(env=plain_environ())
    try:
        assert connection(manager)["transport"] == "tcp"
    finally:
        manager.shutdown_kernel(now=True)
