"""How long a person waits on a Kubernetes: for a server, and from a run's submission to its first cell.

    KUBECONFIG=… HELM=… python tests/bench/jobs.py [--rounds 6] [--cpu 1]

The platform is installed by its chart in a namespace of its own; its images are there (`python -m tools.images`).
*Server*: from the order to the hub's word that it is ready. *Run*: a notebook of one line; *worker* is what it takes
until its worker speaks (the control plane, then Kubernetes' part: a Job, its pod, its process), *kernel* what comes
then until the first cell has its result.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[2]))

from gristmill.client.client import Client
from gristmill.runs.model import RunState
from tests.browser.notebooks import cell, write
from tests.cluster.platform import Platform, installed, names_resolve
from tests.waiting import until


def server(platform: Platform, name: str) -> float:
    """Seconds until this person's server is ready; it is stopped again."""
    headers = {"Authorization": f"token {platform.hub.token(name)}"}
    url = f"{platform.hub.url}/hub/api/users/{name}"
    with httpx.Client(headers=headers, timeout=60) as hub:
        began = time.monotonic()
        hub.post(f"{url}/server", json={"profile": "bench"}).raise_for_status()
        with hub.stream("GET", f"{url}/server/progress", timeout=300) as progress:
            for line in progress.iter_lines():
                if line.startswith("data:") and json.loads(line[5:]).get("ready"):
                    break
        took = time.monotonic() - began
        hub.delete(f"{url}/server").raise_for_status()
        until(lambda: not hub.get(url).json()["servers"], 120, "the server is gone")
    return took


def run(client: Client, notebook: Path) -> tuple[float, float]:
    """Seconds from the submission to the worker's word, and from there to the first cell's result."""
    order = client.run(notebook, profile="bench")
    times = {event.kind: event.time for event in reversed(list(client.follow(order)))}
    ended = client.wait(order)
    if ended.state is not RunState.SUCCEEDED:
        raise SystemExit(f"the run {ended.state.value}: {ended.fault}")
    spoke, result = times["attempt.started"], times["cell.finished"]
    return (spoke - order.created_at).total_seconds(), (result - spoke).total_seconds()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--cpu", type=float, default=1.0, help="cores of the profile")
    given = parser.parse_args()
    profile = f"catalogue.profiles.bench.cpu={given.cpu}"
    with installed(profile, "catalogue.profiles.bench.memory=2 GiB") as platform, names_resolve(platform):
        servers = [server(platform, "bob") for _ in range(given.rounds)]
        with tempfile.TemporaryDirectory() as folder, platform.hub.client(platform.hub.token("ada")) as ada:
            notebook = Path(folder, "one.ipynb")
            write(notebook, cell("1 + 1"))
            run(ada, notebook)
            runs = [run(ada, notebook) for _ in range(given.rounds)]
    lines = {"server": servers, "worker": [one for one, _ in runs], "kernel": [one for _, one in runs]}
    for name, seconds in (*lines.items(), ("submitted to first result", [sum(one) for one in runs])):
        sys.stdout.write(f"{name}: {told(seconds)}\n")


def told(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f}, of {len(seconds)})"


if __name__ == "__main__":
    main()
