"""What JupyterLab with Gristmill costs and how soon it shows things: `python tests/bench/lab.py`; needs Chromium.

Size of our JavaScript; JupyterLab's start with and without it; from the click on Run to the first cell's result on the
screen; from a print in the kernel to the screen.
"""

import argparse
import gzip
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "kernels"), str(ROOT / "lab_extension")]

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402  # the path is set above

from tests.browser.conftest import CHROMIUM  # noqa: E402  # the same
from tests.browser.lab import Desk, Lab, started  # noqa: E402  # the same
from tests.browser.notebooks import cell, write  # noqa: E402  # the same
from tests.integration.conftest import ControlPlane  # noqa: E402  # the same

BUNDLE = ROOT / "lab_extension" / "gristmill_lab" / "labextension" / "static"
PRINTS = 100
TICKS = f"""import time
for _ in range({PRINTS}):
    print(f"at={{time.time():.4f}}", flush=True)
    time.sleep(0.05)"""
# Notes when a printed time is first drawn, in milliseconds after it.
WATCH = """() => {
    const seen = new Set(), delays = (window.delays = []);
    const look = () => {
        for (const [, at] of (document.querySelector('.gr-Log pre')?.textContent ?? '').matchAll(/at=([\\d.]+)/g)) {
            if (!seen.has(at)) {
                seen.add(at);
                delays.push(Date.now() - 1000 * Number(at));
            }
        }
        requestAnimationFrame(look);
    };
    look();
}"""


def kilobytes() -> float:
    """All that a browser may load of ours, as gzip sends it."""
    return sum(len(gzip.compress(file.read_bytes())) for file in BUNDLE.glob("*.js")) / 1000


def opened(browser: Browser, lab: Lab) -> float:
    """Seconds from the address to the launcher, in a new browser with nothing cached."""
    context = browser.new_context()
    page = context.new_page()
    began = time.perf_counter()
    page.goto(f"{lab.url}&reset")
    page.locator(".jp-Launcher").wait_for()
    seconds = time.perf_counter() - began
    context.close()
    return seconds


def first_result(page: Page, lab: Lab) -> float:
    """Seconds from the click on Run to what the first cell printed, in the run's notebook."""
    desk = Desk(page=page, lab=lab)
    desk.open("first.ipynb")
    desk.toolbar_button("first.ipynb").click()
    desk.form("first.ipynb").get_by_text("packages").first.wait_for()
    began = time.perf_counter()
    desk.press_run("first.ipynb")
    shown = page.locator(".gr-Page:visible")
    shown.get_by_role("tab", name="Notebook", exact=True).click()
    shown.get_by_text("first result", exact=True).wait_for()
    seconds = time.perf_counter() - began
    shown.get_by_role("heading", level=1).filter(has_text="succeeded").wait_for()
    return seconds


def delays(page: Page, lab: Lab) -> list[float]:
    """Milliseconds from each print in the kernel to the frame that has it."""
    desk = Desk(page=page, lab=lab)
    desk.open("ticks.ipynb")
    page.evaluate(WATCH)
    desk.run("ticks.ipynb")
    shown = page.locator(".gr-Page:visible")
    shown.get_by_role("tab", name="Log", exact=True).click()
    shown.get_by_role("heading", level=1).filter(has_text="succeeded").wait_for()
    page.wait_for_function(f"() => window.delays.length === {PRINTS}")
    return [float(one) for one in page.evaluate("() => window.delays")]


def without_us(own: Path) -> None:
    """The settings of a JupyterLab that does not load our browser half."""
    config = own / "jupyter_config_dir" / "labconfig"
    config.mkdir(parents=True)
    (config / "page_config.json").write_text(json.dumps({"disabledExtensions": {"gristmill-lab": True}}))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    say(f"our JavaScript, compressed        {kilobytes():8.0f} kB")
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        base = Path(temporary)
        folder, home, own, bare = (base / name for name in ("project", "home", "own", "bare"))
        for place in (folder, home, own, bare):
            place.mkdir()
        write(folder / "first.ipynb", cell("print('first result')"), cell("print('second')"))
        write(folder / "ticks.ipynb", cell(TICKS))
        without_us(bare)
        plane = ControlPlane(home)
        stack.callback(plane.stop)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        stack.callback(browser.close)
        ours = stack.enter_context(started(folder, home, own))
        plain = stack.enter_context(started(folder, home, bare))
        for lab in (ours, plain):
            opened(browser, lab)
        pairs = [(opened(browser, ours), opened(browser, plain)) for _ in range(rounds)]
        more = statistics.median(one - other for one, other in pairs) * 1000
        say(f"JupyterLab's start, with us       {statistics.median(one for one, _ in pairs):8.2f} s")
        say(f"  without us                      {statistics.median(one for _, one in pairs):8.2f} s")
        say(f"  slower by (median of pairs)     {more:8.0f} ms")
        page = browser.new_page()
        first_result(page, ours)
        results = [first_result(page, ours) for _ in range(rounds)]
        say(f"click on Run to the first result  {statistics.median(results):8.2f} s, at most {max(results):.2f}")
        found = sorted(delays(page, ours))
        median, late = found[len(found) // 2], found[int(0.95 * len(found))]
        say(f"kernel to screen, median and p95  {median:8.0f} ms, {late:.0f} ms")
        say(f"(Lab at {urlsplit(ours.url).netloc}, {rounds} rounds)")


if __name__ == "__main__":
    main()
