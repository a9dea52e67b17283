"""MLflow's socket lies in a folder that nobody else can write to, at a path that a socket can have."""

import socket
from pathlib import Path

import httpx
import pytest

from gristmill.core.errors import ForbiddenError
from gristmill.tracking.address import local_address, socket_path


def test_the_socket_lies_in_mlflows_folder(tmp_path: Path) -> None:
    folder = tmp_path / "mlflow"
    assert local_address(folder).socket == folder / "mlflow.sock"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_deep_home_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30) / "mlflow"
    path = socket_path(deep)
    assert len(str(path)) < 100
    assert path == socket_path(deep)
    assert path != socket_path(tmp_path / ("deep" * 31) / "mlflow")


def test_a_folder_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "mlflow"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(ForbiddenError, match="must belong to this user alone") as caught:
        local_address(folder)
    assert caught.value.hint == f"chmod 700 {folder}"


def test_a_socket_that_nobody_listens_on_is_refused_at_once(tmp_path: Path) -> None:
    address = local_address(tmp_path / "mlflow")
    assert address.socket is not None
    with address.client(httpx.Timeout(5)) as client:
        with pytest.raises(httpx.ConnectError):
            client.get("/health")
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(str(address.socket))
        with pytest.raises(httpx.ConnectError):
            client.get("/health")
