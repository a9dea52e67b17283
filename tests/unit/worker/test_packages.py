import json
import os
import sys
from pathlib import Path

import pytest

from gristmill.worker.packages import installed, interpreter_of


def interpreter(folder: Path, packages: dict[str, str]) -> Path:
    """A program that answers as an interpreter with these packages would, and counts how often it was asked."""
    place = folder / "lib" / "site-packages"
    place.mkdir(parents=True, exist_ok=True)
    said = {"python": "3.9.1", "packages": packages, "places": [str(place)], "modules": sorted(packages)}
    answer = json.dumps({**said, "opaque": False})
    program = folder / "python"
    program.write_text(f"#!/bin/sh\necho asked >> {folder}/asked\necho '{answer}'\n")
    program.chmod(0o755)
    return program


def asked(folder: Path) -> int:
    return len((folder / "asked").read_text().splitlines())


def test_the_kernels_own_interpreter_is_asked(tmp_path: Path) -> None:
    found = installed(sys.executable, tmp_path / "cache", scratch=tmp_path)
    assert found is not None
    assert found["python"] == ".".join(str(part) for part in sys.version_info[:3])
    assert any(one.startswith("pytest==") for one in found["packages"])
    assert found["packages"] == sorted(found["packages"])


def test_nothing_of_the_users_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a module in the working directory nor one on PYTHONPATH shadows the standard library."""
    (tmp_path / "json.py").write_text("raise SystemExit('executed')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert installed(sys.executable, tmp_path / "cache", scratch=tmp_path) is not None


def test_the_answer_is_kept_until_a_package_changes(tmp_path: Path) -> None:
    program = interpreter(tmp_path, {"numpy": "2.0"})
    first = installed(str(program), tmp_path / "cache", scratch=tmp_path)
    again = installed(str(program), tmp_path / "cache", scratch=tmp_path)
    assert first == again
    assert asked(tmp_path) == 1
    place = tmp_path / "lib" / "site-packages"
    os.utime(place, ns=(0, place.stat().st_mtime_ns + 1))
    installed(str(program), tmp_path / "cache", scratch=tmp_path)
    assert asked(tmp_path) == 2


def test_the_digest_is_of_names_and_versions(tmp_path: Path) -> None:
    digests = []
    for name, packages in (("a", {"x": "1", "y": "2"}), ("b", {"y": "2", "x": "1"}), ("c", {"x": "1", "y": "3"})):
        (tmp_path / name).mkdir()
        found = installed(str(interpreter(tmp_path / name, packages)), tmp_path / "cache", scratch=tmp_path)
        assert found is not None
        digests.append(found["digest"])
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho nothing\n"])
def test_an_interpreter_that_does_not_say_is_no_fault(tmp_path: Path, text: str) -> None:
    program = tmp_path / "python"
    program.write_text(text)
    program.chmod(0o755)
    assert installed(str(program), tmp_path / "cache", scratch=tmp_path) is None
    assert installed(str(tmp_path / "nowhere"), tmp_path / "cache", scratch=tmp_path) is None


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["python", "-m", "ipykernel_launcher"], "/own/python"),
        (["python3.11", "-m", "ipykernel_launcher"], "/own/python"),
        (["/opt/env/bin/python", "-m", "ipykernel_launcher"], "/opt/env/bin/python"),
        (["conda", "run", "python"], None),
        (["R", "--slave"], None),
        ([], None),
    ],
)
def test_the_interpreter_is_read_from_the_kernelspec(argv: list[str], expected: str | None) -> None:
    assert interpreter_of(argv, "/own/python") == expected
