"""From the click on Start on the hub's page to a JupyterLab that can be used: `python tests/bench/server_start.py`.

Of a hub on this machine, or with `--cluster` (`KUBECONFIG=… HELM=…`) of the whole platform on a Kubernetes, where its
images are. Every round is a new browser, which has nothing cached at its first start; from the third on it has what
browsers keep of compiled scripts, too. Needs Chromium, by default one with windows, as people have it; Linux where it
is without `--cluster`.
"""

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
from playwright.sync_api import Page, Playwright, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.browser.hub import logged_in
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
    """It has loaded everything, and reads from a pipe what it is told."""
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess, FileNotFoundError):  # it ended meanwhile
            if "--ahead" in one.cmdline() and "pipe_read" in Path(f"/proc/{one.pid}/wchan").read_text():
                return True
    return False


@contextmanager
def persons_page(play: Playwright, browser: str, hub: Hub) -> Iterator[Page]:
    """In a browser of a person's own, unlike a context of a test's, which keeps nothing of compiled scripts."""
    with (
        tempfile.TemporaryDirectory() as profile,
        play.chromium.launch_persistent_context(profile, executable_path=browser, args=["--no-sandbox"]) as context,
    ):
        page = context.pages[0]
        logged_in(page, hub, "ada")
        yield page


def started_by(page: Page, hub: Hub, ready: Callable[[], object]) -> float:
    page.goto(f"{hub.url}/hub/spawn")
    page.get_by_role("radio", name=re.compile("^bench")).check()
    ready()
    began = time.monotonic()
    page.get_by_role("button", name="Start").click()
    return until_usable(page) - began


def loaded_again(page: Page) -> float:
    """The same page once more, of the server that runs now: what of a start is JupyterLab's own."""
    began = time.monotonic()
    page.reload(wait_until="commit")
    return until_usable(page) - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--browser", default="chromium")
    given = parser.parse_args()
    browser = shutil.which(given.browser) or parser.error(f"no {given.browser} on the path: name another by --browser")
    times: dict[str, list[float]] = {"Start, nothing cached": [], "Start, third time": [], "its page alone": []}
    first, third, alone = times.values()
    ready = (lambda: None) if given.cluster else (lambda: until(one_waits, 60, "a process waits to be the server"))
    with platform_hub() if given.cluster else local_hub() as hub, sync_playwright() as play:
        for _ in range(given.rounds):
            with persons_page(play, browser, hub) as page:
                first.append(started_by(page, hub, ready))
                stop(hub, "ada")
                started_by(page, hub, ready)
                stop(hub, "ada")
                third.append(started_by(page, hub, ready))
                alone.append(loaded_again(page))
                stop(hub, "ada")
    for what, taken in times.items():
        said = f"{statistics.median(taken):.2f} s ({min(taken):.2f} to {max(taken):.2f}, of {len(taken)})"
        sys.stdout.write(f"{what}: median {said}\n")


def until_usable(page: Page) -> float:
    """When it was."""
    expect(page.locator(".lm-TabBar-tab[data-id='gristmill-runs']")).to_be_visible(timeout=PATIENCE)
    return time.monotonic()


if __name__ == "__main__":
    main()
