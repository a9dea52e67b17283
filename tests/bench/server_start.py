"""From the click on Start on the hub's page to a JupyterLab that can be used: `python tests/bench/server_start.py`.

Of a hub on this machine, or with `--cluster` (`KUBECONFIG=… HELM=…`) of the whole platform on a Kubernetes, where its
images are. Every round is a new browser with nothing cached; needs Chromium, and Linux without `--cluster`.
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.browser.conftest import CHROMIUM
from tests.browser.hub import people
from tests.cluster.platform import installed
from tests.hub import Hub, started
from tests.waiting import until

PATIENCE = 120_000  # milliseconds


@contextmanager
def platform_hub() -> Iterator[Hub]:
    with installed("catalogue.profiles.bench.cpu=1", "catalogue.profiles.bench.memory=2 GiB") as platform:
        yield platform.hub


@contextmanager
def local_hub() -> Iterator[Hub]:
    with tempfile.TemporaryDirectory() as home:
        catalogue = Path(home, "profiles.yaml")
        catalogue.write_text("profiles: {bench: {cpu: 1, memory: 2 GiB, default: true}}")
        with started(Path(home), PROFILES=str(catalogue)) as hub:
            yield hub


def stop(hub: Hub, name: str) -> None:
    with httpx.Client(headers={"Authorization": f"token {hub.token(name)}"}, timeout=60) as client:
        person = f"{hub.url}/hub/api/users/{name}"
        client.delete(f"{person}/server").raise_for_status()
        until(lambda: not client.get(person).json()["servers"], 120, "the server is gone")


def one_waits() -> bool:
    """It has loaded everything, and reads from a pipe who it is for."""
    waiting = [one.pid for one in psutil.process_iter(["cmdline"]) if "--ahead" in (one.info["cmdline"] or ())]
    return any("pipe_read" in Path(f"/proc/{pid}/wchan").read_text() for pid in waiting)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--cluster", action="store_true")
    given = parser.parse_args()
    starts, pages = list[float](), list[float]()
    with platform_hub() if given.cluster else local_hub() as hub, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(given.rounds):
            with people(browser, hub, "bench") as log_in:
                page = log_in("ada")
                page.get_by_role("radio", name=re.compile("^bench")).check()
                if not given.cluster:
                    until(one_waits, 60, "a process waits to be the server")
                began = time.monotonic()
                page.get_by_role("button", name="Start").click()
                starts.append(until_usable(page) - began)
                # The same page once more, of the server that runs now: what of it is JupyterLab's own.
                other = browser.new_context(storage_state=page.context.storage_state()).new_page()
                began = time.monotonic()
                other.goto(page.url, wait_until="commit")
                pages.append(until_usable(other) - began)
                other.context.close()
            stop(hub, "ada")
        browser.close()
    for what, times in (("Start to a usable JupyterLab", starts), ("its page alone", pages)):
        said = f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f}, of {len(times)})"
        sys.stdout.write(f"{what}: median {said}\n")


def until_usable(page: Page) -> float:
    """When it was."""
    expect(page.locator(".lm-TabBar-tab[data-id='gristmill-runs']")).to_be_visible(timeout=PATIENCE)
    return time.monotonic()


if __name__ == "__main__":
    main()
