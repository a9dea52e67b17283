"""Frames, shadows and stamps: parts of a zygote that need no process."""

import inspect
import os
import socket
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from gristmill_kernels.starting import is_supported
from gristmill_kernels.zygote import kernel_start, preload, shadows, wire

pytestmark = pytest.mark.skipif(not is_supported(), reason="this platform has no zygotes")


def test_messages_and_files_arrive_together(tmp_path: Path) -> None:
    one, other = socket.socketpair()
    with one, other, (tmp_path / "file").open("w+") as file:
        wire.send(one, {"text": "x" * 100_000}, [file.fileno()])
        received = wire.receive(other)
        assert received is not None
        message, files = received
        assert len(message["text"]) == 100_000
        os.write(files[0], b"through")
        wire.close(files)
        assert (tmp_path / "file").read_text() == "through"
        wire.send(one, {})
        assert wire.receive(other) == ({}, [])
        one.close()
        assert wire.receive(other) is None


def test_half_a_message_is_none(tmp_path: Path) -> None:
    one, other = socket.socketpair()
    with other:
        one.sendall((100).to_bytes(8, "big") + b"{")
        one.close()
        assert wire.receive(other) is None


def test_a_module_in_front_is_found(tmp_path: Path) -> None:
    (tmp_path / "pandas.csv").touch()
    (tmp_path / "numpy").mkdir()
    assert shadows.shadowed(str(tmp_path), {"pandas", "numpy"}) is None
    (tmp_path / "numpy" / "__init__.py").touch()
    assert shadows.shadowed(str(tmp_path), {"pandas", "numpy"}) == str(tmp_path / "numpy")
    assert shadows.startup_code(str(tmp_path)) is None
    (tmp_path / "sitecustomize.py").touch()
    assert shadows.startup_code(str(tmp_path)) == str(tmp_path / "sitecustomize.py")
    assert shadows.shadowed(str(tmp_path / "absent"), {"numpy"}) is None


def test_files_of_modules_are_known_also_of_those_that_are_imported_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("_noted_first", "_noted_later"):
        file = tmp_path / f"{name}.py"
        file.touch()
        assert preload.preload([name], to_fork=False) == [name]
        assert inspect.modulesbyfile[str(file)] == name
        del sys.modules[name]


def test_a_module_that_cannot_say_its_file_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(name: str) -> object:
        raise ImportError(f"no {name} today")

    odd = ModuleType("_odd")
    odd.__dict__["__getattr__"] = refuse
    monkeypatch.setitem(sys.modules, "_odd", odd)
    assert preload.preload(["json"], to_fork=False) == ["json"]
    assert "no __file__ today" in capsys.readouterr().err


def test_stamps_watch_packages_and_the_interpreter(tmp_path: Path) -> None:
    found = preload.stamps(sys.path)
    assert sys.executable in found
    assert any(place.endswith("site-packages") for place in found)
    assert not any("/lib-dynload/" in place for place in found), "the standard library changes with the interpreter"
    assert preload.stamp(str(tmp_path / "absent")) == 0


def test_every_module_of_an_import_statement_is_recorded(tmp_path: Path) -> None:
    names = frozenset({"numpy", "pandas", "sklearn.ensemble", "mlflow", "scipy"})
    record = kernel_start.Recorder(str(tmp_path), names)
    record(SimpleNamespace(raw_cell="import numpy as np, pandas  # scipy\nfrom sklearn.ensemble import X; import os"))
    record(SimpleNamespace(raw_cell=None))
    assert {path.name for path in tmp_path.iterdir()} == {"numpy", "pandas", "sklearn.ensemble"}
