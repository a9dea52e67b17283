"""A supervisor keeps its endpoint serving: real processes, real sockets, real models."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from gristmill.endpoints.model import EndpointState, Phase, Tier
from tests.integration.serving.conftest import Endpoint
from tests.ports import free_port
from tests.processes import is_zombie
from tests.serving_kit.control_plane import EndpointControlPlane
from tests.waiting import until

NUMBERS = {"dataframe_records": [{"a": 1.0, "b": 0.0, "c": 0.0}]}
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # MLflow, while it saves models


def test_a_desired_model_is_served_and_reported_with_its_answer(endpoint: Endpoint) -> None:
    endpoint.desire("pipeline")
    endpoint.start()
    observed = endpoint.ready()
    (status,) = observed.variants
    assert (status.tier, status.model, status.version) == (Tier.NATIVE, "pipeline", "1")
    assert status.load_s is not None
    assert status.answer_ms is not None
    answer = endpoint.ask({"dataframe_records": [_customer()]})
    assert answer.status_code == 200
    assert len(answer.json()["predictions"][0]) == 2
    assert answer.headers["x-gristmill-model"] == "pipeline/1"
    assert endpoint.get("/health").status_code == 200


def _customer(**changes: Any) -> dict[str, Any]:
    return {"minutes": 0.5, "charge": 1.0, "tenure": -1.0, "calls": 2, "state": "KS", "plan": "yes", **changes}


def test_the_answer_to_the_input_example_is_in_the_report(endpoint: Endpoint) -> None:
    endpoint.desire("pickled_labels")
    endpoint.start()
    (status,) = endpoint.ready().variants
    assert status.answer == ["stays", "leaves"]
    assert any("runs code" in note for note in status.notes)


def test_the_supervisor_imports_no_model_library(endpoint: Endpoint) -> None:
    endpoint.desire("logistic")
    supervisor = endpoint.start()
    endpoint.ready()
    maps = Path(f"/proc/{supervisor.pid}/maps").read_text()
    assert not [name for name in ("numpy", "pandas", "sklearn", "xgboost") if f"/{name}/" in maps]
    assert supervisor.memory_info().rss < 80e6


def test_a_killed_worker_is_noticed_at_once_and_no_new_connection_fails(
    endpoint: Endpoint, record_property: Callable[[str, object], None]
) -> None:
    """Requests under way when the worker is killed are lost; those that come after it wait for the next worker."""
    endpoint.desire("logistic")
    endpoint.start()
    endpoint.ready()
    load = Load(endpoint.url)
    load.start(clients=4)
    until(lambda: load.answered > 50, what="answers before the kill")
    (worker,) = endpoint.workers()
    worker.kill()
    killed = time.monotonic()
    observed = endpoint.reported(restarts=1, state=EndpointState.STARTING)
    noticed = time.monotonic() - killed
    assert "SIGKILL" in (observed.message or "")
    endpoint.reported(restarts=1, state=EndpointState.READY)
    before = load.answered
    until(lambda: load.answered > before + 50, what="answers after the restart")
    load.stop()
    record_property("failed", f"{load.failed} of {load.answered + load.failed}")
    record_property("noticed", f"{noticed:.2f} s")
    assert noticed < 5.0, "by itself: what is unchanged is reported every ten seconds"
    assert load.failed <= 4  # one at most for each client
    assert load.other == []


class Load:
    """Clients that send one request after the other, each over a connection that it keeps."""

    def __init__(self, url: str) -> None:
        self.answered = 0
        self.failed = 0
        self.other: list[int] = []
        self.models: list[str] = []
        self._url = url
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, clients: int) -> None:
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self) -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not self._ending.is_set():
                try:
                    answer = client.post(f"{self._url}/invocations", json=NUMBERS)
                except httpx.HTTPError:
                    self.failed += 1
                    continue
                self.models.append(answer.headers.get("x-gristmill-model", ""))
                if answer.status_code == 200:
                    self.answered += 1
                else:
                    self.other.append(answer.status_code)


def test_a_new_generation_takes_over_without_a_failed_request(endpoint: Endpoint) -> None:
    endpoint.desire("tiny")
    endpoint.start()
    endpoint.ready()
    (old,) = endpoint.workers()
    load = Load(endpoint.url)
    load.start(clients=4)
    until(lambda: load.answered > 20, what="answers before the change")
    endpoint.desire("tiny", model="other")
    endpoint.ready()
    until(lambda: load.models[-1:] == ["other/1"], what="answers of the new model")
    until(lambda: not psutil.pid_exists(old.pid), what="the end of the old worker")
    load.stop()
    assert (load.failed, load.other) == (0, [])
    assert set(load.models) == {"tiny/1", "other/1"}
    assert len(endpoint.workers()) == 1
    models = [path.name for path in (endpoint.folder / "models").iterdir()]
    assert models == ["other-1"]


def test_a_generation_that_does_not_load_leaves_the_old_one_serving(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.desire("tiny")
    endpoint.start()
    endpoint.ready()
    broken = tmp_path / "broken"
    shutil.copytree(endpoint.control_plane.artifacts["1/models/tiny/artifacts"], broken)
    (broken / "model.pkl").unlink()
    endpoint.control_plane.artifacts["1/models/broken/artifacts"] = broken
    endpoint.desire("tiny", version="2", artifact_path="1/models/broken/artifacts")
    observed = endpoint.reported(failed_generation=2)
    assert (observed.generation, observed.state) == (1, EndpointState.READY)
    assert "model.pkl" in (observed.message or "")
    assert observed.hint
    assert endpoint.ask(NUMBERS).headers["x-gristmill-model"] == "tiny/1"
    endpoint.desire("tiny", version="3")
    assert endpoint.ready().failed_generation is None


def test_a_first_generation_that_does_not_load_is_failed_with_its_reason(endpoint: Endpoint, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "MLmodel").write_text("flavors: {onnx: {}}")
    endpoint.control_plane.artifacts["1/models/broken/artifacts"] = broken
    endpoint.desire("tiny", artifact_path="1/models/broken/artifacts")
    endpoint.start()
    observed = endpoint.reported(state=EndpointState.FAILED, failed_generation=1)
    assert "onnx" in (observed.message or "")
    with pytest.raises(httpx.ConnectError):
        endpoint.get("/health")
    endpoint.desire("tiny")
    endpoint.ready()
    assert endpoint.ask(NUMBERS).status_code == 200


def test_it_goes_on_without_the_control_plane_and_starts_without_it(
    endpoint: Endpoint, control_plane: EndpointControlPlane
) -> None:
    endpoint.desire("tiny")
    supervisor = endpoint.start()
    endpoint.ready()
    with control_plane.away():
        assert endpoint.ask(NUMBERS).status_code == 200
        supervisor.terminate()
        assert supervisor.wait(60) == 0
        endpoint.start(alone=True)
        until(lambda: _answers(endpoint), what="an answer after a start from the folder alone")
        assert endpoint.ask(NUMBERS).status_code == 200
        endpoint.supervisor.terminate()
        assert endpoint.supervisor.wait(60) == 0
        endpoint.start()
        until(lambda: _answers(endpoint), what="an answer while the control plane is away")
    endpoint.desire("tiny", model="other")
    endpoint.ready()


def _answers(endpoint: Endpoint) -> bool:
    try:
        return endpoint.get("/health").status_code == 200
    except httpx.HTTPError:
        return False


def test_files_that_are_here_are_not_asked_for_again(endpoint: Endpoint, control_plane: EndpointControlPlane) -> None:
    endpoint.desire("tiny")
    supervisor = endpoint.start()
    endpoint.ready()
    supervisor.terminate()
    supervisor.wait(60)
    reads = control_plane.reads
    endpoint.start()
    endpoint.ready()
    assert control_plane.reads == reads


def test_after_a_restart_the_generation_that_served_comes_before_one_that_never_did(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.desire("tiny")
    supervisor = endpoint.start()
    endpoint.ready()
    endpoint.control_plane.artifacts["nothing"] = tmp_path / "nothing"
    endpoint.desire("tiny", version="2", artifact_path="nothing")
    endpoint.reported(failed_generation=2)
    supervisor.terminate()
    supervisor.wait(60)
    endpoint.start()
    observed = endpoint.reported(generation=1, state=EndpointState.READY, failed_generation=2)
    assert "MLmodel" in (observed.message or "")
    assert endpoint.ask(NUMBERS).status_code == 200


def test_a_terminated_supervisor_finishes_what_is_under_way_and_refuses_more(endpoint: Endpoint) -> None:
    endpoint.desire("tiny")
    supervisor = endpoint.start()
    endpoint.ready()
    (worker,) = endpoint.workers()
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=30) as half:
        body = b'{"dataframe_records": [{"a": 1.0, "b": 0.0, "c": 0.0}]}'
        head = b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        half.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:10])
        until(lambda: "gristmill_in_flight 2" in endpoint.get("/metrics").text, what="a request under way")
        supervisor.terminate()
        until(lambda: not _connects(endpoint.port), what="refused connections")
        half.sendall(body[10:])
        answer = half.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer
    assert supervisor.wait(60) == 0
    assert not psutil.pid_exists(worker.pid)
    assert endpoint.control_plane.observed is not None
    assert endpoint.control_plane.observed.state is EndpointState.STOPPED


def _connects(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("when", ["serving", "loading"])
def test_a_killed_supervisor_leaves_no_worker_behind(endpoint: Endpoint, when: str) -> None:
    endpoint.desire("tiny")
    supervisor = endpoint.start()
    if when == "serving":
        endpoint.ready()
    (worker,) = until(endpoint.workers, what="a worker")
    supervisor.kill()
    supervisor.wait(30)
    until(lambda: not psutil.pid_exists(worker.pid), what="the worker's end")
    endpoint.start()
    endpoint.ready()
    assert endpoint.ask(NUMBERS).status_code == 200


def test_a_worker_that_keeps_dying_is_restarted_ever_later_and_counted(endpoint: Endpoint) -> None:
    endpoint.desire("tiny")
    endpoint.start()
    endpoint.ready()
    for count in (1, 2, 3):
        (worker,) = until(endpoint.workers, what="a worker")
        worker.kill()
        endpoint.reported(restarts=count, state=EndpointState.READY)
    assert "another is started at once" in endpoint.log
    assert "another is started in 0.5 s" in endpoint.log
    assert "another is started in 1 s" in endpoint.log


def test_a_worker_that_dies_of_loading_leaves_its_last_lines_as_the_reason(endpoint: Endpoint, tmp_path: Path) -> None:
    dying = tmp_path / "dying"
    endpoint.variant("tiny")
    shutil.copytree(endpoint.control_plane.artifacts["1/models/tiny/artifacts"], dying)
    (module,) = (dying / "code").glob("*.py")
    module.write_text("import os, sys\nprint('no licence was found', file=sys.stderr, flush=True)\nos._exit(7)\n")
    endpoint.control_plane.artifacts["1/models/dying"] = dying
    endpoint.desire("tiny", model="dying", artifact_path="1/models/dying")
    endpoint.start()
    seen = endpoint.reported(state=EndpointState.FAILED)
    assert "ended with status 7; its last lines:" in (seen.message or "")
    assert "no licence was found" in (seen.message or "")
    assert "no licence was found" in endpoint.log, "its log has it too"


def test_a_start_reports_its_phases(endpoint: Endpoint) -> None:
    endpoint.desire("tiny")
    endpoint.start()
    endpoint.ready()
    told = list(dict.fromkeys(one.phase for one in endpoint.control_plane.reports if one.phase))
    assert Phase.LOADING in told
    assert told == [one for one in Phase if one in told], "in their order; one that is over at once may be passed over"
    assert endpoint.reported(state=EndpointState.READY).phase is None


def test_another_port_is_moved_to(endpoint: Endpoint) -> None:
    endpoint.desire("tiny")
    endpoint.start()
    endpoint.ready()
    before, endpoint.port = endpoint.port, free_port()
    endpoint.desire("tiny")
    endpoint.ready()
    assert endpoint.ask(NUMBERS).status_code == 200
    until(lambda: not _connects(before), what="the old port's end")


def test_a_taken_port_is_explained(endpoint: Endpoint) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", endpoint.port))
        other.listen()
        endpoint.desire("tiny")
        endpoint.start()
        observed = endpoint.reported(state=EndpointState.FAILED)
    assert f"port {endpoint.port} on 127.0.0.1 is taken" in (observed.message or "")
    endpoint.desire("tiny")
    endpoint.ready()


def test_new_keys_are_in_force_without_a_failed_request(endpoint: Endpoint) -> None:
    import hashlib

    endpoint.desire("tiny")
    endpoint.start()
    endpoint.ready()
    hashed = hashlib.sha256(b"a-key").hexdigest()
    endpoint.desire("tiny", changes={"open": False, "key_hashes": (hashed,)})
    endpoint.ready()
    until(lambda: endpoint.ask(NUMBERS).status_code == 401, what="closed doors")
    assert endpoint.ask(NUMBERS, headers={"Authorization": "Bearer a-key"}).status_code == 200


def test_a_revoked_key_is_refused_by_the_worker_that_serves(endpoint: Endpoint) -> None:
    import hashlib

    kept, revoked = (hashlib.sha256(key).hexdigest() for key in (b"kept", b"leaked"))
    endpoint.desire("tiny", changes={"open": False, "key_hashes": (kept, revoked)})
    endpoint.start()
    endpoint.ready()
    workers = [worker.pid for worker in endpoint.workers()]
    leaked = {"Authorization": "Bearer leaked"}
    assert endpoint.ask(NUMBERS, headers=leaked).status_code == 200
    endpoint.desire("tiny", changes={"open": False, "key_hashes": (kept,)})
    until(lambda: endpoint.ask(NUMBERS, headers=leaked).status_code == 401, what="the key is refused")
    endpoint.ready()
    assert endpoint.ask(NUMBERS, headers={"Authorization": "Bearer kept"}).status_code == 200
    assert [worker.pid for worker in endpoint.workers()] == workers, "the model was not loaded again"


def test_a_stuck_candidate_is_given_up_for_a_newer_generation(endpoint: Endpoint, tmp_path: Path) -> None:
    """A model whose code never ends at load does not keep its endpoint from the next one."""
    endpoint.desire("tiny")
    endpoint.start()
    endpoint.ready()
    stuck = tmp_path / "stuck"
    shutil.copytree(endpoint.control_plane.artifacts["1/models/tiny/artifacts"], stuck)
    (module,) = (stuck / "code").glob("tiny_*.py")
    module.write_text("import time\ntime.sleep(3600)\n")
    endpoint.control_plane.artifacts["stuck"] = stuck
    endpoint.desire("tiny", version="2", artifact_path="stuck")
    until(lambda: len(endpoint.workers()) == 2, what="a second worker")
    endpoint.desire("tiny", version="3")
    endpoint.ready()
    until(lambda: len(endpoint.workers()) == 1, what="the end of the others")


def test_nothing_is_leaked_over_many_generations(endpoint: Endpoint) -> None:
    endpoint.desire("tiny")
    supervisor = endpoint.start()
    endpoint.ready()

    def settled() -> int:
        until(lambda: len(endpoint.workers()) == 1, what="one worker")
        return int(supervisor.num_fds())

    before = settled()
    for _ in range(3):
        endpoint.desire("tiny")
        endpoint.ready()
        settled()
    endpoint.workers()[0].kill()
    endpoint.reported(restarts=1, state=EndpointState.READY)
    until(lambda: settled() <= before + 2, what="no more descriptors than before")
    until(lambda: not any(is_zombie(child) for child in supervisor.children()), what="no zombie")
    (worker,) = endpoint.workers()
    opened = {os.readlink(f"/proc/{worker.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{worker.pid}/fd")}  # noqa: PTH115, PTH208 - /proc
    assert not [name for name in opened if name.endswith("/lock")]
