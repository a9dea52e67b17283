"""A real browser: the machine's own Chromium, driven by Playwright; nothing is downloaded."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Request, expect, sync_playwright

from tests.integration.conftest import ControlPlane, notebook

__all__ = ["notebook"]  # a fixture

# The first is the engine without windows, whose own pages take a second of a core for each person that a test has.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
SCREENSHOTS = Path("browser-failures")
PATIENCE = 60_000  # milliseconds: MLflow's pages are megabytes of scripts, and machines may be busy

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason=f"no browser on the path: looked for {', '.join(NAMES)}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Lets a fixture know how its test ended."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="module")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("home"))
    yield plane
    plane.stop()


@pytest.fixture(
    scope="module"
)  # no longer: Playwright's event loop runs on in this thread, where other tests need theirs
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


class Visitor:
    """One person's browser: its tabs share cookies. `foreign` are requests that went, or wanted to go, elsewhere."""

    def __init__(self, context: BrowserContext, host: str) -> None:
        self.context = context
        self.host = host
        self.foreign: list[str] = []
        context.on("request", self._seen)
        context.set_default_timeout(PATIENCE)

    def _seen(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != self.host:
            self.foreign.append(request.url)


@pytest.fixture
def visitors(request: pytest.FixtureRequest, browser: Browser, control_plane: ControlPlane) -> Iterator[Any]:
    """`visitors()` is a new person; of a test that failed there is a picture of every tab."""
    with control_plane.client() as client:
        host = urlsplit(client.url).netloc
    people: list[Visitor] = []

    def make() -> Visitor:
        people.append(Visitor(browser.new_context(), host))
        return people[-1]

    yield make
    for number, person in enumerate(people):
        if request.node.stash.get(FAILED, False):
            SCREENSHOTS.mkdir(exist_ok=True)
            for place, page in enumerate(person.context.pages):
                page.screenshot(path=SCREENSHOTS / f"{request.node.name}-{number}-{place}.png")
        person.context.close()
