"""What is done with a run in Lab, by a real Jupyter Server and a real control plane."""

import asyncio
import io
import json
import zipfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.runs.model import Run, RunState
from tests.integration.conftest import ControlPlane, WriteNotebook

OUTPUTS = """from pathlib import Path
Path("figures").mkdir()
Path("figures/note.txt").write_text("hello")
Path("table.csv").write_text("a,b\\n1,2\\n")
print("made", 2)"""
Ask = Callable[..., Any]


@pytest.fixture
def jp_server_config(control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name, value in control_plane.environ.items():
        monkeypatch.setenv(name, value)
    return {"ServerApp": {"jpserver_extensions": {"gristmill_lab": True, "jupyter_server_terminals": False}}}


@pytest.fixture
def ask(
    jp_serverapp: ServerApp,
    jp_fetch: Callable[..., Coroutine[Any, Any, Any]],
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Ask:
    """`ask("POST", "runs", "1", "copy", {"folder": ""})`: the answer's body, from JSON where it is."""

    def send(method: str, *parts: Any, **query: str) -> Any:
        body = json.dumps(parts[-1]) if isinstance(parts[-1], dict) else None
        path = parts[:-1] if body is not None else parts

        async def fetched() -> Any:  # the client asks for the current loop, and one that runs is the current one
            return await jp_fetch(
                "gristmill", *path, method=method, body=body, params=query, allow_nonstandard_methods=True
            )

        answer = jp_asyncio_loop.run_until_complete(fetched())
        is_json = answer.headers["Content-Type"].startswith("application/json")
        return json.loads(answer.body) if is_json else answer

    return send


@pytest.fixture
def made(client: Client, notebook: WriteNotebook) -> Run:
    return client.wait(client.run(notebook(OUTPUTS, name="make.ipynb")))


def test_outputs_go_home_in_one_archive_or_into_the_persons_folder(ask: Ask, made: Run, jp_root_dir: Path) -> None:
    archive = ask("GET", "runs", made.id, "outputs.zip")
    assert "attachment" in archive.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(archive.body)) as found:
        assert found.read("figures/note.txt") == b"hello"
    copied = ask("POST", "runs", made.id, "copy", {"folder": "mine"})
    assert sorted(copied["paths"]) == ["mine/figures/note.txt", "mine/table.csv"]
    assert (jp_root_dir / "mine/figures/note.txt").read_text() == "hello"

    (jp_root_dir / "mine/table.csv").write_text("my own")
    again = ask("POST", "runs", made.id, "copy", {"folder": "mine", "names": ["table.csv"]})
    assert again == {"paths": [], "existing": ["mine/table.csv"]}
    assert (jp_root_dir / "mine/table.csv").read_text() == "my own"
    ask("POST", "runs", made.id, "copy", {"folder": "mine", "names": ["table.csv"], "overwrite": True})
    assert (jp_root_dir / "mine/table.csv").read_text() == "a,b\n1,2\n"
    with pytest.raises(HTTPClientError) as caught:
        ask("POST", "runs", made.id, "copy", {"names": ["no such"]})
    assert caught.value.code == 400


def test_a_table_is_looked_into_and_the_notebook_taken_home(ask: Ask, made: Run) -> None:
    assert ask("GET", "runs", made.id, "preview", "table.csv")["rows"] == [["1", "2"]]
    page = ask("GET", "runs", made.id, "notebook.html")
    assert b"Path" in page.body
    assert b"made 2" in page.body
    assert "attachment" in page.headers["Content-Disposition"]
    without = ask("GET", "runs", made.id, "notebook.html", code="0").body
    assert b"made 2" in without
    assert b"figures" not in without
    notebook = json.loads(ask("GET", "runs", made.id, "notebook.ipynb").body)
    assert "".join(notebook["cells"][0]["outputs"][0]["text"]) == "made 2\n"


def test_runs_of_a_notebook_are_found_wherever_they_were_started(
    ask: Ask, client: Client, notebook: WriteNotebook, jp_root_dir: Path
) -> None:
    elsewhere = notebook("1", name="same.ipynb")
    mine = jp_root_dir / "same.ipynb"
    mine.write_bytes(elsewhere.read_bytes())
    other, first, second = client.run(elsewhere), client.run(mine), client.run(mine)
    found = ask("GET", "runs-of", path="same.ipynb")
    assert [one["id"] for one in found] == [second.id, first.id]
    for one in (other, first, second):
        client.wait(one)


def test_the_kernel_of_a_failed_run_is_one_of_this_servers_until_it_ends(
    ask: Ask,
    client: Client,
    notebook: WriteNotebook,
    jp_serverapp: ServerApp,
    jp_fetch: Callable[..., Coroutine[Any, Any, Any]],
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> None:
    run = client.wait(
        client.run(notebook("rows = 41", "raise KeyError(rows)", name="fails.ipynb"), post_mortem_s=600.0)
    )
    assert run.state is RunState.FAILED
    copy = ask("GET", "runs", run.id, "copy-of-notebook", source="fails.ipynb")
    assert copy["metadata"]["gristmill"] == {
        "copy_of": run.id,
        "number": run.number,
        "cell": 1,
        "source": "fails.ipynb",
    }
    assert [cell["source"] for cell in copy["cells"]] == ["rows = 41", "raise KeyError(rows)"]
    attached = ask("POST", "runs", run.id, "kernel", {})
    assert ask("POST", "runs", str(run.number), "kernel", {})["id"] == attached["id"]
    kernels: Any = jp_serverapp.kernel_manager
    assert attached["id"] in [one["id"] for one in kernels.list_kernels()]

    async def evaluated(code: str) -> str:
        connected: Any = kernels.get_kernel(attached["id"]).client()
        connected.start_channels()
        await connected.wait_for_ready(timeout=30)
        reply = await connected.execute_interactive("", user_expressions={"asked": code}, timeout=30)
        connected.stop_channels()
        return str(reply["content"]["user_expressions"]["asked"]["data"]["text/plain"])

    assert jp_asyncio_loop.run_until_complete(evaluated("rows + 1")) == "42"

    async def found(path: str) -> Any:
        """Where JupyterLab's page is told that a path of a message leads."""
        return await jp_fetch("api", "resolvePath", params={"path": path, "kernel": attached["id"]})

    assert jp_asyncio_loop.run_until_complete(found("fails.ipynb")).code == 200

    async def interrupted() -> str:
        """What a cell that would go on for ever ends with once it is interrupted as JupyterLab's button does it."""
        connected: Any = kernels.get_kernel(attached["id"]).client()
        connected.start_channels()
        await connected.wait_for_ready(timeout=30)
        begun = asyncio.Event()
        endless = "print('begun', flush=True)\nimport time\nwhile True:\n    time.sleep(0.01)"

        def heard(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                begun.set()

        reply = asyncio.ensure_future(connected.execute_interactive(endless, output_hook=heard, timeout=60))
        await begun.wait()
        await jp_fetch("api", "kernels", attached["id"], "interrupt", method="POST", body="{}")
        ended = await reply
        connected.stop_channels()
        return str(ended["content"]["ename"])

    assert jp_asyncio_loop.run_until_complete(interrupted()) == "KeyboardInterrupt"
    assert jp_asyncio_loop.run_until_complete(evaluated("rows + 1")) == "42", "and it is as it was"

    client.send(api.end_kernel(run.id))

    async def gone() -> None:
        async with asyncio.timeout(60):
            while attached["id"] in kernels:  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.1)

    jp_asyncio_loop.run_until_complete(gone())
    with pytest.raises(HTTPClientError) as caught:
        ask("POST", "runs", run.id, "kernel", {})
    assert caught.value.code == 404
