"""Panels in real kernels: what a cell leaves behind, what a reader of the notebook finds, what a run makes of them."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from gristmill.client.client import Client
from gristmill.runs.model import RunState
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.integration.kernels.started import NO_HISTORY

RERUNS = 100
POOL = 20  # connections that are kept open at most, once several questions were asked at a time
ENDED = """\
import threading, time
def alive():
    return [one.name for one in threading.enumerate() if one.name.startswith("gristmill panels")]
deadline = time.monotonic() + 30
while alive() and time.monotonic() < deadline:
    time.sleep(0.05)
print(alive())"""
REFUSED = """\
from gristmill.core.errors import ForbiddenError
try:
    panel.start()
except ForbiddenError as error:
    print("refused:", error)
else:
    raise AssertionError("it was done")"""
PANELS = """\
import gristmill
form = gristmill.panel.run("work.ipynb")
listed = gristmill.panel.runs()
others = gristmill.panel.model("churn"), gristmill.panel.endpoint("churn")
display(form, listed, *others)"""
COUNTS = """\
import gc, json, os, threading
from comm import get_comm_manager
from ipywidgets.widgets import widget
gc.collect()
print(json.dumps({
    "widgets": len(widget._instances),
    "comms": len(get_comm_manager().comms),
    "threads": sorted(one.name for one in threading.enumerate() if one.name.startswith("gristmill")),
    "files": len(os.listdir("/proc/self/fd")),
    "hooks": len(get_ipython().events.callbacks["pre_run_cell"]),
}))"""


class Kernel:
    """A kernel as a front end has it: cells have ids, or none."""

    def __init__(self, folder: Path) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder), extra_arguments=[NO_HISTORY])
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def run(self, source: str, cell: str | None = None) -> str:
        """What it printed."""
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}}
        content |= {"allow_stdin": False, "stop_on_error": True}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
        self.client.shell_channel.send(message)
        printed = []
        while True:
            heard: dict[str, Any] = self.client.get_iopub_msg(timeout=60)
            if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, said = heard["msg_type"], heard["content"]
            if kind == "stream":
                printed.append(said["text"])
            if kind == "error":
                raise AssertionError("\n".join(said["traceback"]))
            if kind == "status" and said["execution_state"] == "idle":
                return "".join(printed)

    def counts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(COUNTS, "counts"))
        return found

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(
    control_plane: ControlPlane, notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch, client: Client
) -> Iterator[Kernel]:
    del client  # a control plane lives
    for name, value in control_plane.environ.items():
        monkeypatch.setenv(name, value)
    folder = notebook("1", parameters="depth: int = 4  # from 1 to 9\nname: str = '<b>bold</b>'").parent
    started = Kernel(folder)
    yield started
    started.end()


@pytest.mark.parametrize("cell", ["one", None])
def test_a_cell_that_runs_a_hundred_times_leaves_what_it_left_the_first_time(kernel: Kernel, cell: str | None) -> None:
    """Without ids, as some front ends have it, a cell is known by its source."""
    source = "import time\ntime.sleep({})\n" + PANELS if cell else PANELS

    def ran(number: int) -> None:
        assert "Traceback" not in kernel.run(source.replace("{}", str(number * 1e-6)), cell)

    ran(0)
    ran(1)
    time.sleep(1)  # it is asked, and answered, for the first time: connections are there
    before = kernel.counts()
    for number in range(RERUNS):
        ran(number)
    time.sleep(1)
    after = kernel.counts()
    assert before["widgets"] == after["widgets"] > 20
    assert before["comms"] == after["comms"]
    assert after["threads"].count("gristmill panels") == 1
    assert len(after["threads"]) <= 3, "the thread itself, and its two that block"
    assert before["hooks"] == after["hooks"]
    assert after["files"] - before["files"] <= POOL


def test_the_thread_ends_with_the_last_panel_and_starts_again_with_another(kernel: Kernel) -> None:
    kernel.run(PANELS, "one")
    kernel.run("pass", "one")  # something else stands in the cell now
    assert kernel.run(ENDED, "look").strip() == "[]"
    assert kernel.counts()["widgets"] == 0
    kernel.run("again = gristmill.panel.run('work.ipynb')", "two")
    done = "again.start().result(60)\nwhile not again.run.state.final: time.sleep(0.1)\nprint(again.state)"
    assert kernel.run(done, "three").strip() == "succeeded"
    kernel.run("form = gristmill.panel.run('work.ipynb')\nform.close()\nform.close()", "four")


def test_handlers_of_a_trait_are_told_while_the_kernel_is_busy(kernel: Kernel) -> None:
    kernel.run("import gristmill, time\nform = gristmill.panel.run('work.ipynb')\nseen = []", "one")
    busy = """\
form.observe(lambda change: seen.append(change["new"]), names="state")
form.parameters = {"depth": 5}
form.start()
deadline = time.monotonic() + 60
while "succeeded" not in seen and time.monotonic() < deadline:
    time.sleep(0.1)
print(seen[0], seen[-1], form.run.parameters["depth"], form.run.given)"""
    assert kernel.run(busy, "two").strip() == "queued succeeded 5 ('depth',)"


def test_an_exported_notebook_shows_what_came_of_it(
    control_plane: ControlPlane, notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """As pages: no script is needed, and what a notebook or a person named is text."""
    del client
    for name, value in control_plane.environ.items():
        monkeypatch.setenv(name, value)
    work = notebook("import gristmill\ngristmill.report(auc=0.5)", parameters="name: str = '<b>bold</b>'")
    page = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(source)
            for source in (
                "import gristmill, time\nform = gristmill.panel.run('work.ipynb')\nform",
                "form.start().result(60)\nwhile not form.run.state.final: time.sleep(0.1)\ntime.sleep(0.5)",
            )
        ]
    )
    NotebookClient(page, resources={"metadata": {"path": str(work.parent)}}, store_widget_state=False).execute()
    html, _ = HTMLExporter().from_notebook_node(page)  # type: ignore[no-untyped-call]
    text = re.sub(r"\s+", " ", html)
    assert "&lt;b&gt;bold" in text
    assert "<b>bold" not in text.partition("<body")[2]
    assert re.search(r"<th scope=.row.>auc</th><td>0.5000</td>", text), "the record is that of the run's end"
    assert "succeeded" in text
    assert "As of 20" in text


def test_a_notebook_with_a_panel_in_it_can_be_run_and_its_panel_does_nothing(
    client: Client, notebook: WriteNotebook
) -> None:
    notebook("1", name="other.ipynb")
    made = "import gristmill\npanel = gristmill.panel.run('other.ipynb')\npanel"
    cells = (made, REFUSED, "assert gristmill.panel.runs().runs == ()")
    run = client.wait(client.run(notebook(*cells)))
    assert run.state is RunState.SUCCEEDED, run.fault
