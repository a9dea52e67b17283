import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gristmill.runs.model import AttemptOrder, Output
from gristmill.snapshots.model import SnapshotFile
from gristmill.worker import workspace as module
from gristmill.worker.spool import Spool
from gristmill.worker.workspace import Workspace

FILES = {"nb/train.ipynb": b"{}", "nb/data.csv": b"a,b", "lib.py": b"x = 1"}


class Place:
    """An unpacked workspace, and what collecting it says."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.spool = Spool(folder)
        self.notices: list[str] = []
        self.workspace = Workspace(folder, order(**changes))
        contents = {digest(content): content for content in FILES.values()}

        def fetch(wanted: str) -> Iterator[bytes]:
            yield contents[wanted]

        self.workspace.unpack(fetch)
        self.root = self.workspace.root

    def collect(self, declared: Mapping[str, str | None] | None = None) -> dict[str, Output]:
        found = self.workspace.collect(self.spool, declared=declared or {}, notice=self.notices.append)
        return {output.name: output for output in found}


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def order(**changes: Any) -> AttemptOrder:
    files = tuple(SnapshotFile(path=path, digest=digest(text), size=len(text)) for path, text in FILES.items())
    fields: dict[str, Any] = {
        "protocol": 1,
        "attempt": "attempt_1",
        "run": "run_1",
        "run_number": 1,
        "number": 1,
        "notebook": "nb/train.ipynb",
        "files": files,
        "import_roots": (".",),
        "parameters": {},
        "parameters_cell": None,
        "kernel": "python3",
        "timeout_s": None,
        "cpu": 1.0,
        "tracking_uri": "http://127.0.0.1:1/mlflow",
        "tracking_run": "r",
        "tracking_experiment": "1",
        "kernel_token": "t",
    }
    return AttemptOrder(**{**fields, **changes})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_was_unpacked_is_no_output(place: Place) -> None:
    assert place.collect() == {}


def test_a_file_written_again_with_the_same_content_is_no_output(place: Place) -> None:
    (place.root / "nb/data.csv").write_bytes(b"a,b")
    assert place.collect() == {}


def test_names_are_of_the_working_directory_first(place: Place) -> None:
    """A file of the same name outside it cannot be told apart: that is said."""
    (place.root / "nb/lib.py").write_bytes(b"inside")
    (place.root / "lib.py").write_bytes(b"outside")
    found = place.collect()
    assert set(found) == {"lib.py"}
    assert len(place.notices) == 1
    assert "lib.py" in place.notices[0]


def test_a_name_that_is_no_utf8_is_one_that_can_be_asked_for(place: Place) -> None:
    for name, content in ((b"f\xff.txt", b"1"), (b"f\xfe.txt", b"2"), ("ü.txt".encode(), b"3")):
        Path(place.root, "nb", os.fsdecode(name)).write_bytes(content)
    assert set(place.collect()) == {"f%FF.txt", "f%FE.txt", "ü.txt"}
    assert place.notices == []


def test_an_output_stays_as_it_was_when_it_was_collected(place: Place) -> None:
    (place.root / "nb/model.bin").write_bytes(b"weights")
    output = place.collect()["model.bin"]
    (place.root / "nb/model.bin").unlink()
    assert place.spool.path(output.digest).read_bytes() == b"weights"


@pytest.mark.parametrize("name", ["../../secret", "/etc/hostname", "gone", "folder", "link", "linked/passwd"])
def test_only_regular_files_inside_may_be_declared(place: Place, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("x")
    (place.root / "nb/folder").mkdir()
    (place.root / "nb/link").symlink_to("/etc/hostname")
    (place.root / "nb/linked").symlink_to("/etc")
    assert place.collect({name: None}) == {}
    assert len(place.notices) == 1


def test_the_number_of_outputs_is_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declared ones come first."""
    monkeypatch.setattr(module, "MAX_OUTPUTS", 3)
    for number in range(10):
        (place.root / "nb" / f"{number}.txt").write_text(str(number))
    assert list(place.collect({"9.txt": None})) == ["9.txt", "0.txt", "1.txt"]
    assert "only the first 3" in place.notices[0]


def test_a_file_that_cannot_be_read_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.root / "nb/new.txt").write_text("x")

    def refuse(_path: Path) -> tuple[str, int]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(place.spool, "adopt", refuse)
    assert place.collect() == {}
    assert place.notices == ["output 'new.txt' is not kept: Permission denied"]
