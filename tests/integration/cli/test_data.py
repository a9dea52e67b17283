"""Data roots, from the file that a run would lack to the run that has it. Real notebooks, a real terminal."""

import functools
import http.server
import json
import shlex
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gristmill.client import api
from tests.integration.cli.conftest import OpenTerminal
from tests.integration.cli.conftest import Run as Gristmill
from tests.integration.conftest import ControlPlane
from tests.waiting import until

READS = "with open('../data/big.csv', 'rb') as file:\n    file.seek(-4, 2)\n    print('its end is', file.read())"
SIZE = 2 * 10**9

Make = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Make:
    """`project("print(1)")` writes `project/nb/train.ipynb`, with a large file in `project/data`."""

    def make(*cells: str, name: str = "project") -> Path:
        folder = tmp_path / name
        (folder / "nb").mkdir(parents=True)
        (folder / "gristmill.yaml").write_text("# a project\n")
        large(folder / "data/big.csv")
        made: list[dict[str, Any]] = [
            {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
            for n, cell in enumerate(cells)
        ]
        spec = {"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": spec, "cells": made}
        (folder / "nb/train.ipynb").write_text(json.dumps(content))
        return folder

    return make


def large(path: Path, size: int = SIZE) -> Path:
    """Sparse: it takes no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size - 4)
        file.seek(0, 2)
        file.write(b"end\n")
    return path


def data_of(gristmill: Gristmill, run: dict[str, Any]) -> dict[str, Any]:
    """What the worker has recorded of the run's data."""
    detail = gristmill("runs", "show", str(run["number"]), "--json").json
    found: dict[str, Any] = detail["attempts"][-1]["provenance"]["worker"]["data"]
    return found


def test_what_the_notebook_surely_needs_keeps_it_from_starting_until_the_printed_command_was_given(
    gristmill: Gristmill, project: Make
) -> None:
    folder = project(READS)
    refused = gristmill("run", folder / "nb/train.ipynb", status=3)
    assert "data/big.csv (2 GB) is larger than 1 MB" in refused.err
    assert "the notebook reads data/big.csv, which the run would not have" in refused.err
    assert gristmill("runs", "list", "--text", "nb/train", "--json").json == []
    command = refused.err.split("hint: ")[1].split("   (or")[0]
    assert command == "gristmill data add data project/data/ --project project"
    made = gristmill(*shlex.split(command)[1:], "--json").json
    assert (made["folder"], made["source"], made["at"]) == (str(folder), str(folder / "data"), "data")
    ran = gristmill("run", folder / "nb/train.ipynb")
    assert "its end is b'end\\n'" in ran.out
    assert "larger than" not in ran.err


def test_without_a_mark_data_above_stays_found_when_the_notebook_begins_to_use_a_module_above(
    gristmill: Gristmill, project: Make
) -> None:
    """The folder that is the project changes by what the notebook asks for; nobody has to say `init`."""
    alone = "import os\nwith open(os.sep.join(['..', 'data', 'big.csv']), 'rb') as one:\n    print(one.seek(0, 2))"
    folder = project(alone)
    (folder / "gristmill.yaml").unlink()
    (folder / "mytools.py").write_text("Y = 2")
    large(folder / "data/big.csv", 58 * 10**6)
    notebook = folder / "nb/train.ipynb"
    added = gristmill("data", "add", "raw", "project/data", "--project", "project/nb", "--json").json
    assert (added["folder"], added["at"]) == (str(folder / "nb"), "../data")
    assert "58000000" in gristmill("run", notebook).out
    cells = json.loads(notebook.read_text())
    cells["cells"][0]["source"] = f"import sys\nsys.path.append('..')\nimport mytools\n{alone}"
    notebook.write_text(json.dumps(cells))
    ran = gristmill("run", notebook)
    assert "58000000" in ran.out
    assert f"project: {folder} (no mark; `gristmill init project` makes it certain)" in ran.err


def test_without_a_mark_the_hint_about_data_above_leads_to_a_run(gristmill: Gristmill, project: Make) -> None:
    looks = "import os\nprint(os.path.getsize('../data/big.csv'))"
    folder = project("import sys\nsys.path.append('..')\nimport mytools", looks, READS)
    (folder / "gristmill.yaml").unlink()
    (folder / "mytools.py").write_text("Y = 2")
    large(folder / "data/big.csv", 58 * 10**6)
    refused = gristmill("run", folder / "nb/train.ipynb", status=3)
    command = refused.err.split("hint: ")[1].split("   (or")[0]
    gristmill(*shlex.split(command)[1:])
    assert "its end is b'end\\n'" in gristmill("run", folder / "nb/train.ipynb").out


def test_yes_makes_what_is_offered_and_the_data_is_no_output(
    control_plane: ControlPlane, gristmill: Gristmill, project: Make
) -> None:
    writes = "import pathlib\npathlib.Path('../data/processed.csv').write_text('new')\npathlib.Path('own.txt').touch()"
    folder = project(READS, writes)
    before = (folder / "data/big.csv").stat()
    run = gristmill("run", folder / "nb/train.ipynb", "--yes", "--json").json
    assert run["state"] == "succeeded", run["fault"]
    facts = data_of(gristmill, run)["data"]
    assert (facts["bound"], facts["digest_method"], facts["files"], facts["size"]) == ("symlink", "stat", 1, SIZE)
    assert facts["digest"].startswith("sha256:")
    assert facts["changed"] is False
    detail = gristmill("runs", "show", str(run["number"]), "--json").json
    assert sorted(output["name"] for output in detail["outputs"]) == ["data/processed.csv", "own.txt"]
    assert [one.name for one in (folder / "data").iterdir()] == ["big.csv"], "what it wrote beside the data is its own"
    attempt = control_plane.home / "attempts" / detail["attempts"][-1]["id"]
    until(lambda: not attempt.exists(), what="the attempt's folder is removed")
    after = (folder / "data/big.csv").stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)


def test_on_a_terminal_it_is_offered(terminal: OpenTerminal, project: Make) -> None:
    shown = terminal("run", project(READS) / "nb/train.ipynb")
    shown.expect(r"Use data/ as a data root named data\? \[Y/n\]")
    shown.type("\n")
    shown.expect("data root data")
    shown.expect("succeeded")
    assert shown.status() == 0


def test_an_offer_that_is_declined_is_no_obstacle(terminal: OpenTerminal, project: Make) -> None:
    shown = terminal("run", project("try: open('../data/big.csv')\nexcept OSError: print('none')") / "nb/train.ipynb")
    shown.expect(r"named data\? \[Y/n\]")
    shown.type("n\n")
    shown.expect("succeeded")
    assert shown.status() == 0


def test_data_outside_the_project_is_found_by_the_same_relative_path(
    control_plane: ControlPlane, gristmill: Gristmill, project: Make, tmp_path: Path
) -> None:
    large(tmp_path / "shared/raw/big.csv")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/some.csv").write_text("a,b")
    folder = project(
        READS.replace("../data", "../../shared/raw"),
        "import os; print(open('../data/mine/some.csv').read(), os.getcwd()[-20:])",
        "open('../../shared/left.csv', 'w').write('x')",
    )
    (folder / "gristmill.yaml").write_text("data:\n  raw: ../shared/raw\n")
    data = f"mine={tmp_path}/elsewhere"
    ran = gristmill("run", folder / "nb/train.ipynb", "--data", data, status=1)
    assert "No such file" in ran.out, "an absolute path comes to data/ and its last part"
    gristmill("data", "delete", "mine", "--yes", status=4)
    (folder / "gristmill.yaml").write_text(
        f"data:\n  raw: ../shared/raw\n  mine:\n    source: {tmp_path}/elsewhere\n    at: data/mine\n"
    )
    ran = gristmill("run", folder / "nb/train.ipynb")
    assert "its end is b'end\\n'" in ran.out
    assert "a,b workspace/project/nb" in ran.out
    assert (
        "1 files were written outside the project and are not kept as outputs: ../../shared/left.csv"
        in ran.out + ran.err
    )
    assert not (tmp_path / "shared/left.csv").exists()
    until(lambda: not list((control_plane.home / "attempts").iterdir()), what="no attempt's folder is left")
    assert (tmp_path / "shared/raw/big.csv").stat().st_size == SIZE


def test_a_run_that_changes_its_data_says_so(gristmill: Gristmill, project: Make) -> None:
    folder = project("open('../data/big.csv', 'ab').write(b'more')")
    ran = gristmill("run", folder / "nb/train.ipynb", "--yes")
    assert "data root 'data' was changed while the run used it: big.csv" in ran.out + ran.err


def test_two_runs_differ_in_their_data(gristmill: Gristmill, project: Make) -> None:
    folder = project("print(len(open('../data/small.csv').read()))")
    (folder / "data/big.csv").unlink()
    (folder / "data/small.csv").write_text("a,b")
    (folder / "gristmill.yaml").write_text("data:\n  data: data\n")
    first = gristmill("run", folder / "nb/train.ipynb", "--json").json
    (folder / "data/small.csv").write_text("a,b\n1,2")
    second = gristmill("run", folder / "nb/train.ipynb", "--json").json
    facts = data_of(gristmill, second)["data"]
    assert facts["digest_method"] == "content"
    sections = gristmill("runs", "diff", str(first["number"]), str(second["number"]), "--json").json["sections"]
    (row,) = next(section for section in sections if section["title"] == "Data")["rows"]
    assert row["name"] == "data"
    assert row["a"] != row["b"]
    assert "data" in gristmill("runs", "diff", str(first["number"]), str(second["number"])).out
    assert "data data" in " ".join(gristmill("runs", "show", str(second["number"])).out.split())
    again = gristmill("runs", "rerun", str(second["number"]), "--json").json
    assert data_of(gristmill, again)["data"]["digest"] == facts["digest"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "far.csv").write_text("from afar")
    handler = functools.partial(QuietHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def test_data_at_a_url_is_fetched_and_its_credentials_are_refused(
    gristmill: Gristmill, project: Make, site: str
) -> None:
    folder = project("print(open('../data/far.csv').read())")
    (folder / "data/big.csv").unlink()
    refused = gristmill("data", "add", "far", f"{site}/far.csv?token=geheim", status=3)
    assert "holds credentials" in refused.err
    assert "geheim" not in refused.err
    ran = gristmill("run", folder / "nb/train.ipynb", "--data", f"far={site}/far.csv", "--json").json
    assert ran["state"] == "succeeded", ran["fault"]
    assert data_of(gristmill, ran)["far"]["source"] == f"{site}/far.csv"
    gone = gristmill("run", folder / "nb/train.ipynb", "--data", f"far={site}/none.csv", "--json", status=1).json
    assert f"data root 'far': {site}/none.csv answered 404" in gone["fault"]["message"]


def test_roots_are_added_listed_shown_and_forgotten(gristmill: Gristmill, tmp_path: Path) -> None:
    (tmp_path / "gristmill.yaml").write_text("data:\n  said: said.csv\n")
    (tmp_path / "my data").mkdir()
    assert "find" in gristmill("data", "add", "mine", "my data").out
    assert gristmill("data", "add", "mine", "my data", "--json").json["at"] == "my data"
    assert "is" in gristmill("data", "add", "mine", "my data", "--at", "other", status=5).err
    replaced = gristmill("data", "add", "mine", "my data", "--at", "other", "--digest", "stat", "--replace", "--json")
    assert (replaced.json["at"], replaced.json["digest"]) == ("other", "stat")
    assert "Did you mean" in gristmill("data", "add", "x", "my dota", status=4).err
    gristmill("data", "add", "all", "s3://bucket/all", "--everywhere")
    listed = gristmill("data", "list").out
    for said in ("said", "gristmill.yaml", "mine", "this project", "all", "every folder", "s3://bucket/all"):
        assert said in listed
    assert "other" in gristmill("data", "show", "mine").out
    assert gristmill("data", "show", "said", "--json").json["at"] == "said.csv"
    assert "stays as it is" in gristmill("data", "delete", "mine").out
    gristmill("data", "delete", "all", "--everywhere")
    assert "no data root 'mine'" in gristmill("data", "show", "mine", status=4).err
    assert "expected one of" in gristmill("data", "add", "x", "my data", "--digest", "md5", status=2).err


def test_a_fault_in_the_file_is_said_with_its_line(gristmill: Gristmill, project: Make) -> None:
    folder = project("1")
    (folder / "gristmill.yaml").write_text("data:\n  a:\n    source: data\n    digets: stat\n")
    assert "gristmill.yaml:4:" in gristmill("run", folder / "nb/train.ipynb", status=3).err


def test_a_script_gives_data_by_name(control_plane: ControlPlane, project: Make) -> None:
    folder = project(READS)
    with control_plane.client() as client:
        (folder / "gristmill.yaml").write_text("data:\n  data: nowhere\n")
        run = client.wait(client.run(folder / "nb/train.ipynb", data={"data": folder / "data"}))
        assert run.state == "failed", "a name that is known keeps its place"
        (folder / "gristmill.yaml").write_text("data:\n  data: data\n")
        run = client.wait(client.run(folder / "nb/train.ipynb"))
        assert run.state == "succeeded", run.fault
        assert [one.at for one in client.send(api.get_run(run.id)).run.data] == ["data"]
