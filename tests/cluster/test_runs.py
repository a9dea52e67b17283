"""Runs as Jobs: what they give, why one waits or ends, and what becomes of one that is killed."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Pod, PodEviction
from lightkube.types import CascadeType

from gristmill.client import api
from gristmill.client.call import Call
from gristmill.client.client import Client
from gristmill.core.errors import InvalidInputError, NotFoundError
from gristmill.runs.model import FaultKind, Run, RunState
from tests.cluster.platform import Platform
from tests.integration.conftest import WriteNotebook
from tests.waiting import until

LONG = "import time\nfor _ in range(3000):\n    time.sleep(0.1)"


@pytest.fixture(scope="module")
def tokens(platform: Platform) -> dict[str, str]:
    return {name: platform.hub.token(name) for name in ("ada", "bob")}


@pytest.fixture
def ada(platform: Platform, tokens: dict[str, str]) -> Iterator[Client]:
    with platform.hub.client(tokens["ada"]) as client:
        yield client


def attempt_of(client: Client, run: Run) -> str:
    """Its id, once it is there."""

    def found() -> str | None:
        attempt = client.send(api.get_run(run.id)).run.attempt
        return attempt.id if attempt is not None else None

    return str(until(found, what="it has an attempt"))


def until_running(client: Client, run: Run) -> None:
    def cell() -> bool:
        found = client.send(api.get_run(run.id)).run
        assert not found.state.final, found.fault
        return found.attempt is not None and found.attempt.progress.cell > 0

    until(cell, 120, "its first cell runs")


def pods(platform: Platform, attempt: str) -> list[Pod]:
    return list(platform.admin.list(Pod, namespace=platform.namespace, labels={"gristmill.dev/attempt": attempt}))


def test_a_second_person_sees_nothing_of_what_the_first_has_run(
    platform: Platform, tokens: dict[str, str], ada: Client, notebook: WriteNotebook
) -> None:
    run = ada.wait(ada.run(notebook("import mlflow\nmlflow.log_metric('auc', 0.9)\nopen('out.txt', 'w').write('Ada')")))
    assert run.state is RunState.SUCCEEDED, run.fault
    assert run.metrics["auc"].value == 0.9
    assert ada.send(api.get_output(run.id, "out.txt")) == b"Ada"
    assert not ada.send(api.status()).unisolated
    with platform.hub.client(tokens["bob"]) as bob:
        assert bob.send(api.list_runs()) == ()
        questions: tuple[Call[Any], ...] = (
            api.get_run(run.id),
            api.get_output(run.id, "out.txt"),
            api.delete_run(run.id),
        )
        for asked in questions:
            with pytest.raises(NotFoundError):
                bob.send(asked)
    assert run.attempt is not None
    for token, status in ((tokens["ada"], 200), (tokens["bob"], 404)):
        headers = {"Authorization": f"Bearer {token}", "X-MLFLOW-WORKSPACE": "user-ada"}
        url = f"{platform.hub.control_plane}/mlflow/api/2.0/mlflow/runs/get"
        answer = httpx.get(url, params={"run_id": run.attempt.tracking_run}, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text


def test_a_run_has_no_account_no_hub_token_and_no_volume_of_others_and_is_not_root(
    ada: Client, notebook: WriteNotebook
) -> None:
    look = """
import os, pathlib, gristmill
assert os.getuid() == 1000, os.getuid()
assert not pathlib.Path("/var/run/secrets/kubernetes.io").exists()
assert not os.path.ismount("/gristmill/cache")
assert not [name for name in os.environ if "JUPYTERHUB" in name or "TOKEN" in name.replace("MLFLOW_TRACKING_TOKEN", "")]
try:
    pathlib.Path("/opt/gristmill/mine").write_text("")
except OSError as error:
    print(error.strerror)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
assert status["NoNewPrivs"].strip() == "1" and int(status["CapEff"], 16) == 0 and status["Seccomp"].strip() == "2"
"""
    run = ada.wait(ada.run(notebook(look)))
    assert run.state is RunState.SUCCEEDED, run.fault


def test_a_kernel_that_nobody_could_look_into_is_not_kept(ada: Client, notebook: WriteNotebook) -> None:
    with pytest.raises(InvalidInputError, match="in a pod, where nobody can look into it"):
        ada.run(notebook("1"), post_mortem_s=60)


def test_what_holds_a_run_up_is_told_in_the_schedulers_own_words(ada: Client, notebook: WriteNotebook) -> None:
    run = ada.run(notebook("1"), profile="unschedulable")

    def why() -> str:
        found = ada.send(api.get_run(run.id)).run
        assert not found.state.final
        return (found.attempt.waiting if found.attempt else None) or found.waiting or ""

    until(lambda: "nodes are available" in why(), 15, "it says for what it waits")
    assert re.match(r"waiting for a node \(Unschedulable\): 0/\d nodes are available: .*Insufficient cpu", why())
    ada.send(api.cancel_run(run.id))
    assert ada.wait(run).state is RunState.CANCELLED


def test_an_image_that_is_nowhere_is_told_and_can_be_given_up(ada: Client, notebook: WriteNotebook) -> None:
    run = ada.run(notebook("1"), profile="imageless")

    def why() -> str:
        found = ada.send(api.get_run(run.id)).run
        return (found.attempt.waiting if found.attempt else None) or ""

    until(lambda: "nowhere/none:1" in why(), 30, "it says which image")
    ada.send(api.cancel_run(run.id))
    assert ada.wait(run).state is RunState.CANCELLED


def test_a_run_that_takes_more_memory_than_its_profile_gives_says_so(ada: Client, notebook: WriteNotebook) -> None:
    greedy = notebook("kept = bytearray(600 * 2**20)\nkept[::4096] = b'1' * len(kept[::4096])")
    run = ada.wait(ada.run(greedy, profile="cramped"))
    assert run.state is RunState.FAILED
    assert run.fault is not None
    assert "memory" in f"{run.fault.message} {run.fault.hint}", run.fault


def test_a_run_that_is_evicted_says_by_what(platform: Platform, ada: Client, notebook: WriteNotebook) -> None:
    run = ada.run(notebook(LONG))
    until_running(ada, run)
    (pod,) = pods(platform, attempt_of(ada, run))
    name = str(pod.metadata and pod.metadata.name)
    platform.admin.create(PodEviction(metadata=ObjectMeta(name=name, namespace=platform.namespace)), name)
    ended = ada.wait(run)
    assert (ended.state, ended.fault and ended.fault.kind) == (RunState.FAILED, FaultKind.WORKER_LOST), ended.fault
    assert "EvictionByEvictionAPI: Eviction API: evicting" in (ended.fault.message if ended.fault else "")


def test_a_run_is_cancelled_and_its_pod_is_gone(platform: Platform, ada: Client, notebook: WriteNotebook) -> None:
    run = ada.run(notebook("print('kept')", LONG))
    until_running(ada, run)
    attempt = attempt_of(ada, run)
    ada.send(api.cancel_run(run.id))
    assert ada.wait(run).state is RunState.CANCELLED
    assert b"kept" in ada.send(api.executed_notebook(run.id)), "the notebook as far as it came"
    until(lambda: not pods(platform, attempt), what="its pod is gone")


def test_a_run_past_its_timeout_fails_for_that(ada: Client, notebook: WriteNotebook) -> None:
    run = ada.wait(ada.run(notebook(LONG), timeout_s=3))
    assert (run.state, run.fault and run.fault.kind) == (RunState.FAILED, FaultKind.TIMEOUT)


@pytest.mark.parametrize("kind", [Pod, Job])
def test_a_run_whose_pod_or_job_is_deleted_fails_once_and_frees_what_it_held(
    platform: Platform, ada: Client, notebook: WriteNotebook, kind: Any
) -> None:
    before = _in_use(ada)
    run = ada.run(notebook(LONG))
    until_running(ada, run)
    attempt = attempt_of(ada, run)
    (found,) = platform.admin.list(kind, namespace=platform.namespace, labels={"gristmill.dev/attempt": attempt})
    name, gone = found.metadata.name, CascadeType.BACKGROUND
    platform.admin.delete(kind, name, namespace=platform.namespace, grace_period=1, cascade=gone)
    ended = ada.wait(run)
    assert (ended.state, ended.fault and ended.fault.kind) == (RunState.FAILED, FaultKind.WORKER_LOST), ended.fault
    until(lambda: _in_use(ada) <= before, what="what it held is free")
    assert len(ada.send(api.get_run(run.id)).attempts) == 1


def _in_use(client: Client) -> int:
    """Runs, endpoints and kernels, on all profiles together."""
    return sum(profile.in_use for profile in client.send(api.list_profiles()))
