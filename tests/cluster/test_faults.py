"""What becomes of runs while parts of the cluster, or of the platform, are away."""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Pod

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.runs.model import Run, RunState
from tests.cluster.platform import Platform
from tests.integration.conftest import WriteNotebook
from tests.waiting import until

COUNTS = """
import time
with open("counted.txt", "a") as counted:
    for number in range(SECONDS):
        counted.write(f"{number}\\n")
        time.sleep(1)
"""


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Iterator[Client]:
    with platform.hub.client(platform.hub.token("ada")) as client:
        yield client


def counting(client: Client, notebook: WriteNotebook, seconds: float) -> Run:
    """A run that goes on for so long; it is in its first cell when this returns."""
    run = client.run(notebook(COUNTS.replace("SECONDS", str(round(seconds)))))

    def is_counting() -> bool:
        found = client.send(api.get_run(run.id)).run
        assert not found.state.final, found.fault
        return found.attempt is not None and found.attempt.progress.cell > 0

    until(is_counting, 120, "it counts")
    return run


def check_counted_once(client: Client, run: Run, seconds: float) -> None:
    ended = client.wait(run)
    assert ended.state is RunState.SUCCEEDED, ended.fault
    numbers = client.send(api.get_output(run.id, "counted.txt")).decode().split()
    assert numbers == [str(number) for number in range(round(seconds))]
    assert len(client.send(api.get_run(run.id)).attempts) == 1


@pytest.mark.parametrize("part", ["kube-apiserver", "kubelet"])
def test_a_run_goes_on_while_a_part_of_the_cluster_is_away(
    platform: Platform, ada: Client, notebook: WriteNotebook, request: pytest.FixtureRequest, part: str
) -> None:
    """`CLUSTER_UP` is the command that starts again what has ended; process ids lie beside KUBECONFIG's file."""
    up, folder = os.environ.get("CLUSTER_UP"), Path(os.environ["KUBECONFIG"]).parent
    if up is None or not (folder / f"{part}.pid").exists():
        pytest.skip("CLUSTER_UP names no command that starts a part of this cluster again")
    away: float = request.config.getoption("--away")
    run = counting(ada, notebook, away + 20)
    os.kill(int((folder / f"{part}.pid").read_text()), signal.SIGKILL)
    until_over = time.monotonic() + away
    try:
        until(lambda: time.monotonic() > until_over, away + 10, "it was away for so long")
        assert ada.send(api.get_run(run.id)).run.state is RunState.RUNNING
    finally:
        for _ in range(2):  # a part may end itself when the first one writes its configuration anew
            subprocess.run(shlex.split(up), check=True, stdout=subprocess.DEVNULL)
    check_counted_once(ada, run, away + 20)
    after = ada.wait(ada.run(notebook("1")))
    assert after.state is RunState.SUCCEEDED, after.fault
    assert platform.pods("control-plane")


def test_a_run_whose_node_does_not_answer_says_so_and_goes_on_with_it(
    platform: Platform, ada: Client, notebook: WriteNotebook
) -> None:
    """Kubelet stands still. The node controller says so of every pod after 40 seconds or more, the platform's too where
    there is one node: here it is said of the run's alone, in the same way, and kubelet takes it back when it goes on.
    """
    kubelet = Path(os.environ["KUBECONFIG"]).parent / "kubelet.pid"
    if not kubelet.exists():
        pytest.skip("this cluster's kubelet is not a process of this machine's")
    run = counting(ada, notebook, 30)

    def why() -> str:
        found = ada.send(api.get_run(run.id)).run
        assert found.state is RunState.RUNNING
        return (found.attempt.waiting if found.attempt else None) or ""

    attempt = ada.send(api.get_run(run.id)).run.attempt
    assert attempt is not None
    labels: dict[str, Any] = {"gristmill.dev/attempt": attempt.id}
    (pod,) = platform.admin.list(Pod, namespace=platform.namespace, labels=labels)
    os.kill(int(kubelet.read_text()), signal.SIGSTOP)
    try:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        silent = {"status": {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": now}]}}
        name = str(pod.metadata and pod.metadata.name)
        platform.admin.patch(Pod.Status, name, silent, namespace=platform.namespace)
        until(lambda: "does not answer (NodeNotReady since" in why(), 10, "it says that the node is silent")
    finally:
        os.kill(int(kubelet.read_text()), signal.SIGCONT)
    until(lambda: not why(), 20, "it is heard of again")
    check_counted_once(ada, run, 30)


def test_of_two_control_planes_the_other_one_takes_over_and_the_run_goes_on(
    platform: Platform, ada: Client, notebook: WriteNotebook
) -> None:
    def scale(replicas: int) -> None:
        change = {"spec": {"replicas": replicas}}
        platform.admin.patch(Deployment, "control-plane", change, namespace=platform.namespace)
        until(lambda: len(platform.pods("control-plane")) == replicas, 120, f"there are {replicas}")
        platform.until_ready("control-plane")

    scale(2)
    try:
        run = counting(ada, notebook, 45)
        for pod in platform.pods("control-plane"):  # one after the other: the one that leads is among them
            name = str(pod.metadata and pod.metadata.name)
            platform.admin.delete(Pod, name, namespace=platform.namespace, grace_period=1)
            until(lambda name=name: name not in _names(platform), 60, "it is gone")  # type: ignore[misc]
            platform.until_ready("control-plane")
        check_counted_once(ada, run, 45)
    finally:
        scale(1)


def _names(platform: Platform) -> set[str]:
    return {str(pod.metadata and pod.metadata.name) for pod in platform.pods("control-plane")}
