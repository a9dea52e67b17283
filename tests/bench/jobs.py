"""How long a person waits on a Kubernetes from a run's submission to its first cell's result.

    KUBECONFIG=… HELM=… python tests/bench/jobs.py [--rounds 6] [--cpu 1]

The platform is installed by its chart in a namespace of its own; its images are there (`python -m tools.images`).
The notebook has one line. *job* is until the control plane has ordered a Job, *worker* until the worker in its pod
speaks, *kernel* until the first cell has its result. The peer is a Job of the same image and size that starts
`papermill` with the same notebook: until its process runs is Kubernetes' part, which is the same in ours. How long
Jupyter alone takes to start a kernel is seen there too.
"""

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

from lightkube import operators
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Pod

sys.path.insert(0, str(Path(__file__).parents[2]))

from gristmill.client.client import Client
from gristmill.runs.model import RunState
from tests.browser.notebooks import cell, write
from tests.cluster.platform import Platform, installed, names_resolve
from tests.kubernetes import make
from tests.waiting import until

LABEL = "gristmill.dev/attempt"
WHOLE = "submitted to first result"
KERNEL = """from jupyter_client.manager import start_new_kernel
print("kernel starts", flush=True)
manager, client = start_new_kernel()
print("kernel is ready", flush=True)
manager.shutdown_kernel(now=True)"""
PEER = f"""echo process runs; export HOME="$(mktemp -d)"; cd "$HOME"; echo "$NOTEBOOK" > in.ipynb
papermill --log-output -k python3 in.ipynb out.ipynb && python -c '{KERNEL}'"""


@dataclass
class Sight:
    """When each attempt's Job was first seen, as Unix time."""

    platform: Platform
    jobs: dict[str, float] = field(default_factory=dict)

    def watch(self) -> None:
        for _, job in self.platform.admin.watch(Job, namespace=self.platform.namespace):
            if attempt := label(job):
                self.jobs.setdefault(attempt, time.time())


def label(found: Job | Pod) -> str | None:
    return ((found.metadata and found.metadata.labels) or {}).get(LABEL)


def run(client: Client, notebook: Path, seen: Sight) -> dict[str, float]:
    """Seconds of each part, from the submission to the first cell's result."""
    order = client.run(notebook, profile="bench")
    times = {event.kind: event.time.timestamp() for event in reversed(list(client.follow(order)))}
    ended = client.wait(order)
    if ended.state is not RunState.SUCCEEDED or ended.attempt is None:
        raise SystemExit(f"the run {ended.state.value}: {ended.fault}")
    attempt = ended.attempt.id
    ends = {
        "job": until(lambda: seen.jobs.get(attempt, 0.0), 10, "its Job was seen"),
        "worker": times["attempt.started"],
        "kernel": times["cell.finished"],
    }
    begins = [order.created_at.timestamp(), *ends.values()]
    parts = {name: end - begin for (name, end), begin in zip(ends.items(), begins, strict=False)}
    return {**parts, WHOLE: times["cell.finished"] - begins[0]}


def pods(platform: Platform) -> list[Pod]:
    """Those of Jobs."""
    return list(platform.admin.list(Pod, namespace=platform.namespace, labels={"job-name": operators.exists()}))


def has_ended(pod: Pod) -> bool:
    return bool(pod.status and pod.status.phase in {"Succeeded", "Failed"})


def peer(platform: Platform, notebook: Path, like: Pod) -> dict[str, float]:
    """Seconds of each part, in a Job of this pod's image and size."""
    name = f"papermill-{uuid4().hex[:6]}"
    spec: dict[str, Any] = like.to_dict()["spec"]
    container = {key: spec["containers"][0][key] for key in ("image", "resources")}
    environ = [{"name": "NOTEBOOK", "value": notebook.read_text()}]
    manifest = {
        "metadata": {"name": name},
        "spec": {
            "backoffLimit": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "containers": [{**container, "name": "one", "command": ["sh", "-c", PEER], "env": environ}],
                }
            },
        },
    }
    ordered = time.time()
    make(platform.admin, Job, manifest, platform.namespace)

    def ended() -> Pod | None:
        found = (pod for pod in pods(platform) if ((pod.metadata and pod.metadata.labels) or {})["job-name"] == name)
        return next((pod for pod in found if has_ended(pod)), None)

    pod = until(ended, 120, "papermill has ended")
    log = "".join(platform.admin.log(str(pod and pod.metadata and pod.metadata.name), timestamps=True))

    def at(text: str) -> float:
        line = next(line for line in log.splitlines() if text in line)
        return datetime.fromisoformat(line.split()[0]).timestamp()

    return {
        "Kubernetes' part": at("process runs") - ordered,
        "papermill": at("Ending Cell 1") - at("process runs"),
        "a kernel's start alone": at("kernel is ready") - at("kernel starts"),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--cpu", type=float, default=1.0, help="cores of the profile")
    given = parser.parse_args()
    profile = f"catalogue.profiles.bench.cpu={given.cpu}"
    with (
        installed(profile, "catalogue.profiles.bench.memory=2 GiB") as platform,
        names_resolve(platform),
        tempfile.TemporaryDirectory() as folder,
        platform.hub.client(platform.hub.token("ada")) as ada,
    ):
        notebook = Path(folder, "one.ipynb")
        write(notebook, cell("1 + 1"))
        seen = Sight(platform)
        Thread(target=seen.watch, daemon=True).start()
        run(ada, notebook, seen)
        like = next(pod for pod in pods(platform) if label(pod))
        rounds = list[dict[str, float]]()
        for _ in range(given.rounds):
            ours = run(ada, notebook, seen)
            until(lambda: all(has_ended(pod) for pod in pods(platform)), 120, "there is room for the peer's pod")
            theirs = peer(platform, notebook, like)
            rounds.append(ours | theirs | {"ours": ours[WHOLE] - theirs["Kubernetes' part"]})
    for name in rounds[0]:
        sys.stdout.write(f"{name}: {told([one[name] for one in rounds])}\n")


def told(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f}, of {len(seconds)})"


if __name__ == "__main__":
    main()
