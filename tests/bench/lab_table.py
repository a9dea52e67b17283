"""What JupyterLab's table shows of many runs, and what that costs: `python tests/bench/lab_table.py`; needs Chromium.

First paint: from the click on "Table of Runs" to the frame that has its first rows. Then two hundred jumps from top to
bottom, each waited for until every row in sight holds a run. The browser's heap is read, its garbage collected, after
the last first paint and at the end.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "kernels"), str(ROOT / "lab_extension")]

from playwright.sync_api import CDPSession, Page, sync_playwright  # noqa: E402  # the path is set above

from gristmill.core.database import Database  # noqa: E402  # the same
from gristmill.server.schema import upgrade  # noqa: E402  # the same
from tests.bench.listing import fill  # noqa: E402  # the same
from tests.browser.conftest import CHROMIUM  # noqa: E402  # the same
from tests.browser.lab import Desk, Lab, started  # noqa: E402  # the same
from tests.browser.notebooks import cell, write  # noqa: E402  # the same
from tests.integration.conftest import ControlPlane  # noqa: E402  # the same

STOPS = 200  # places at which the scrolling stops
# From the next click on to the frame that has rows, in milliseconds.
WATCH = """() => {
    window.painted = null;
    const began = () => {
        const at = performance.now();
        const look = () => {
            if (document.querySelector('.gr-RunsTable .gr-Table-rows [data-run]')) {
                requestAnimationFrame(() => { window.painted = performance.now() - at; });
            } else {
                requestAnimationFrame(look);
            }
        };
        look();
    };
    window.addEventListener('pointerup', began, {capture: true, once: true});
}"""
# Scrolls there, and answers after how many milliseconds every row that is in sight holds a run.
SCROLL = """part => new Promise(resolve => {
    const grid = document.querySelector('.gr-RunsTable [role=grid]');
    const began = performance.now();
    grid.scrollTop = part * (grid.scrollHeight - grid.clientHeight);
    const look = () => {
        const shown = grid.getBoundingClientRect();
        const rows = [...grid.querySelectorAll('.gr-Table-rows .gr-Table-row')].filter(row => {
            const place = row.getBoundingClientRect();
            return place.bottom > shown.top && place.top < shown.bottom;
        });
        if (rows.length > 0 && rows.every(row => row.dataset.run)) {
            resolve(performance.now() - began);
        } else {
            requestAnimationFrame(look);
        }
    };
    requestAnimationFrame(look);
})"""


def heap(session: CDPSession) -> float:
    """Megabytes of JavaScript's objects that are in use."""
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 2**20


def opened(page: Page, lab: Lab) -> float:
    """Milliseconds from the click to the first rows."""
    Desk(page=page, lab=lab).open("work.ipynb")
    page.get_by_role("menuitem", name="View", exact=True).click()
    item = page.get_by_role("menuitem", name="Table of Runs")
    item.hover()
    page.evaluate(WATCH)
    item.click()
    page.wait_for_function("() => window.painted")
    return float(page.evaluate("() => window.painted"))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        base = Path(temporary)
        folder, home, own = (base / name for name in ("project", "home", "own"))
        for place in (folder, home, own):
            place.mkdir()
        write(folder / "work.ipynb", cell("print('work')"))
        plane = ControlPlane(home)
        db = Database(plane.settings.database)
        upgrade(db)
        began = time.perf_counter()
        fill(db, options.runs)
        db.close()
        say(f"filled with {options.runs:,} runs in {time.perf_counter() - began:.0f} s")
        stack.callback(plane.stop)
        lab = stack.enter_context(started(folder, home, own))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        stack.callback(browser.close)
        page = browser.new_page(viewport={"width": 1400, "height": 850})
        session = page.context.new_cdp_session(page)
        opened(page, lab)
        painted = [opened(page, lab) for _ in range(options.rounds)]
        say(f"first paint, median and most        {statistics.median(painted):6.0f} ms, {max(painted):.0f} ms")
        first = heap(session)
        scrolled = sorted(float(page.evaluate(SCROLL, stop / STOPS)) for stop in range(1, STOPS + 1))
        p95 = scrolled[int(0.95 * len(scrolled))]
        say(f"a jump to rows never seen, p50, p95 {statistics.median(scrolled):6.0f} ms, {p95:.0f} ms")
        say(f"heap with the first rows, at the end{first:6.1f} MB, {heap(session):.1f} MB")


if __name__ == "__main__":
    main()
