"""Kernels that `gristmill lab` starts talk where nobody else of the machine listens."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import ControlPlane

ROOT = Path(__file__).parents[3]
GRISTMILL = Path(sys.executable).with_name("gristmill")


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    folder = tmp_path / "r"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def lab(control_plane: ControlPlane, tmp_path: Path, runtime: Path) -> Iterator[httpx.Client]:
    """Jupyter's own API, as its page has it."""
    work = tmp_path / "work"
    work.mkdir()
    environ = {**os.environ, **control_plane.environ, "JUPYTER_RUNTIME_DIR": str(runtime)}
    environ["JUPYTER_PATH"] = str(ROOT / "kernels/share/jupyter")
    command = [str(GRISTMILL), "lab", "--no-browser", "--json", str(work)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = ""
        while "}" not in text:
            line = process.stdout.readline()
            assert line, "it ended"
            text += line
        page = httpx.URL(json.loads(text)["url"])
        headers = {"Authorization": f"token {page.params['token']}"}
        with httpx.Client(base_url=page.copy_with(path="/", query=None), headers=headers, timeout=120.0) as client:
            yield client
        process.send_signal(signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["gristmill-python", "python3"])
def test_a_kernel_of_lab_listens_on_no_plain_port(lab: httpx.Client, runtime: Path, name: str) -> None:
    kernel = lab.post("/api/kernels", json={"name": name}).raise_for_status().json()["id"]
    info = json.loads((runtime / f"kernel-{kernel}.json").read_text())
    assert info["transport"] == "ipc" or info.get("curve_publickey")
    lab.post(f"/api/kernels/{kernel}/restart").raise_for_status()  # answered when the kernel has answered its server
    lab.delete(f"/api/kernels/{kernel}").raise_for_status()
