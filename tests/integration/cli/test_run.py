"""`gristmill run` and `gristmill runs`, with real notebooks."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Ran
from tests.integration.cli.conftest import Run as Gristmill
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.waiting import until

WORK = """\
import gristmill, pathlib, sys
print("to stdout")
print("to stderr", file=sys.stderr)
pathlib.Path("plots").mkdir()
pathlib.Path("plots/roc.txt").write_text("a curve")
gristmill.output("plots/roc.txt", description="the curve")
gristmill.report(auc=[0.9, 0.92, 0.94], depth=depth)
"""
SLOW = "import time\nfor step in range(6000):\n    print('step', step, flush=True)\n    time.sleep(0.1)"


@pytest.fixture(scope="module")
def finished(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The number of a run that has succeeded, with metrics and an output."""
    folder = tmp_path_factory.mktemp("project")
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{index}",
                "metadata": {"tags": tags},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, (source, tags) in enumerate([("depth: int = 4  # 1..12", ["parameters"]), (WORK, [])])
        ],
    }
    (folder / "train.ipynb").write_text(json.dumps(content))
    with control_plane.client() as client:
        run = client.wait(client.run(folder / "train.ipynb", {"depth": 6}, labels={"team": "blue"}))
    assert run.state == "succeeded", run.fault
    return str(run.number)


def test_a_run_is_told_cell_by_cell_and_ends_with_its_result(gristmill: Gristmill, notebook: WriteNotebook) -> None:
    ran = gristmill("run", notebook(WORK, parameters="depth: int = 4"), "-p", "depth=7")
    lines = ran.out.splitlines()
    assert lines[0].startswith("work-")
    assert lines[0].endswith("depth=7")
    assert "◔ running" in lines
    assert "  to stdout" in lines
    assert any(line.startswith("cell 1 of ") for line in lines)
    assert any(line.startswith("✓ work-") and " succeeded in " in line for line in lines)
    assert "  auc    0.9200 ± 0.020 (n=3)" in lines
    assert "  depth  7" in lines
    assert any("plots/roc.txt  7 B  the curve" in line for line in lines)


def test_a_failed_run_shows_the_cell_around_the_line_and_ends_with_one(
    gristmill: Gristmill, notebook: WriteNotebook
) -> None:
    ran = gristmill("run", notebook("x = 1", "def f():\n    return {}['key']\n\nf()\ny = 2"), status=1)
    assert "KeyError: 'key'" in ran.out
    assert "Cell 2 of 2, line 2" in ran.out
    assert "→ 2 │     return {}['key']" in ran.out
    assert "gristmill runs logs" in ran.out


def test_for_programs_a_run_is_one_json_document_and_its_exit_status(
    gristmill: Gristmill, notebook: WriteNotebook
) -> None:
    assert gristmill("run", notebook("1"), "--json").json["state"] == "succeeded"
    assert gristmill("run", notebook("1 / 0"), "--json", status=1).json["fault"]["message"].startswith("ZeroDivision")


def test_detached_a_run_is_queued_and_followed_later(gristmill: Gristmill, notebook: WriteNotebook) -> None:
    number = gristmill("run", notebook("print('from afar')"), "--detach", "--json").json["number"]
    ran = gristmill("runs", "logs", "-f", str(number))
    assert ran.out == "from afar\n"
    assert gristmill("runs", "show", str(number), "--json").json["run"]["state"] == "succeeded"


def test_name_label_retries_priority_and_timeout_are_the_runs(gristmill: Gristmill, notebook: WriteNotebook) -> None:
    options = ["--name", "mine", "--label", "team=red", "--retries", "1", "--priority", "3", "--timeout", "5m"]
    run = gristmill("run", notebook("1"), *options, "--detach", "--json").json
    assert (run["name"], run["labels"], run["retries"], run["priority"], run["timeout_s"]) == (
        "mine",
        {"team": "red"},
        1,
        3,
        300.0,
    )
    gristmill("runs", "logs", "-f", "mine")


def test_a_file_that_the_notebook_names_and_the_run_will_lack_is_said(
    gristmill: Gristmill, notebook: WriteNotebook
) -> None:
    path = notebook("name = 'big.bin'")
    with (path.parent / "big.bin").open("wb") as file:
        file.truncate(3 * 10**6)
    ran = gristmill("run", path)
    assert "big.bin (3 MB) is larger than 1 MB" in ran.err


def test_a_list_has_one_row_for_each_run(gristmill: Gristmill, finished: str) -> None:
    ran = gristmill("runs", "list", "--label", "team=blue")
    head, row = ran.out.splitlines()
    assert head.split() == ["#", "state", "name", "result", "parameters", "time", "made"]
    for said in (finished, "✓ succeeded", "auc 0.9200 ± 0.020", "depth=6"):
        assert said in row
    assert [run["number"] for run in gristmill("runs", "list", "--label", "team=blue", "--json").json] == [
        int(finished)
    ]


def test_a_state_that_is_none_is_refused(gristmill: Gristmill, finished: str) -> None:
    assert "expected one of queued, starting" in gristmill("runs", "list", "--state", "done", status=3).err


def test_a_run_is_shown_with_where_it_came_from(gristmill: Gristmill, finished: str) -> None:
    out = gristmill("runs", "show", finished).out
    words = [" ".join(line.split()) for line in out.splitlines()]
    for line in ("depth 6", "auc 0.9200 ± 0.020 (n=3)", "plots/roc.txt 7 B the curve", "labels team=blue"):
        assert line in words
    for name in ("commit", "snapshot", "kernel", "packages", "device", "MLflow run"):
        assert any(line.startswith(f"{name} ") for line in words), name


def test_logs_are_what_the_notebook_printed(gristmill: Gristmill, finished: str) -> None:
    assert {"to stdout", "to stderr"} <= set(gristmill("runs", "logs", finished).out.splitlines())
    pieces = [json.loads(line) for line in gristmill("runs", "logs", finished, "--json").out.splitlines()]
    assert {"stdout", "stderr"} <= {piece["stream"] for piece in pieces}


def test_events_are_in_order_and_complete(gristmill: Gristmill, finished: str) -> None:
    events = [json.loads(line) for line in gristmill("runs", "events", finished, "--json").out.splitlines()]
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    kinds = [event["kind"] for event in events]
    assert kinds[0] == "run.queued"
    assert [kind for kind in kinds if kind != "run.freed"][-1] == "run.succeeded"  # its worker ends a moment later
    assert "attempt.finished" in gristmill("runs", "events", finished, "--follow").out


def test_outputs_are_listed_and_downloaded_into_a_folder(gristmill: Gristmill, finished: str, tmp_path: Path) -> None:
    assert "plots/roc.txt" in gristmill("runs", "outputs", finished).out
    gristmill("runs", "outputs", finished, "-o", "there", "--notebook")
    gristmill("runs", "outputs", finished, "-o", "there")
    assert (tmp_path / "there/plots/roc.txt").read_text() == "a curve"
    (executed,) = (tmp_path / "there").glob("*.ipynb")
    assert "to stdout" in executed.read_text()
    assert "is there already" in gristmill("runs", "outputs", finished, "plots/roc.txt", "-o", "there", status=5).err
    gristmill("runs", "outputs", finished, "plots/roc.txt", "-o", "there", "--force")
    assert "has no output" in gristmill("runs", "outputs", finished, "nothing", status=4).err


def test_a_rerun_differs_in_nothing_but_its_number(gristmill: Gristmill, finished: str) -> None:
    again = gristmill("runs", "rerun", finished, "--json").json
    assert again["state"] == "succeeded"
    assert again["parameters"]["depth"] == 6
    ran: Ran = gristmill("runs", "diff", finished, str(again["number"]))
    assert "Parameters" in ran.out
    assert "depth" not in ran.out.split("Metrics")[0]
    sections = gristmill("runs", "diff", finished, str(again["number"]), "--json").json["sections"]
    assert all(not section["rows"] for section in sections if section["title"] != "Metrics")
    assert len(next(section for section in sections if section["title"] == "Packages")["equal"]) > 20


def test_a_run_is_cancelled_and_deleted(gristmill: Gristmill, notebook: WriteNotebook) -> None:
    number = str(gristmill("run", notebook(SLOW), "--detach", "--json").json["number"])
    until(lambda: gristmill("runs", "show", number, "--json").json["run"]["state"] == "running", what="it runs")
    assert "cannot be deleted" in gristmill("runs", "delete", number, status=5).err
    assert "is being cancelled" in gristmill("runs", "cancel", number).out
    gristmill("runs", "events", "-f", number)
    assert gristmill("runs", "show", number, "--json").json["run"]["state"] == "cancelled"
    until(lambda: not gristmill("server", "status", "--json").json["runs"], what="nothing of it lives")
    assert "is deleted" in gristmill("runs", "delete", number).out
    assert "no run" in gristmill("runs", "show", number, status=4).err


def test_a_run_that_waits_is_started_anyway(gristmill: Gristmill, notebook: WriteNotebook) -> None:
    first = str(gristmill("run", notebook(SLOW), "--profile", "large", "--detach", "--json").json["number"])
    until(lambda: gristmill("runs", "show", first, "--json").json["run"]["state"] != "queued", what="the first starts")
    second = str(gristmill("run", notebook("1"), "--profile", "large", "--detach", "--json").json["number"])
    until(lambda: gristmill("runs", "show", second, "--json").json["run"]["waiting"], what="the second waits")
    assert "◷ waiting" in gristmill("runs", "list").out
    gristmill("runs", "start-anyway", second)
    gristmill("runs", "events", "-f", second)
    assert gristmill("runs", "show", second, "--json").json["run"]["state"] == "succeeded"
    gristmill("runs", "cancel", first)
    gristmill("runs", "events", "-f", first)


def test_a_killed_control_plane_does_not_end_the_command_that_follows_a_run(
    control_plane: ControlPlane, gristmill: Gristmill, notebook: WriteNotebook
) -> None:
    """It starts the control plane again, and misses nothing."""
    import threading

    told: list[Ran] = []
    slow = SLOW.replace("6000", "40")
    command = threading.Thread(target=lambda: told.append(gristmill("run", notebook(slow), "--name", "survivor")))
    command.start()
    with control_plane.client() as client:
        from gristmill.client import api

        until(
            lambda: any(run.state == "running" for run in client.send(api.list_runs(text="survivor"))), what="it runs"
        )
    control_plane.kill()
    command.join()
    assert " succeeded in " in told[0].out
    assert "  step 39" in told[0].out
