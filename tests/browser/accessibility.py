"""What axe-core (https://github.com/dequelabs/axe-core) has to say of a part of a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.lab import by_palette

SERIOUS = ("serious", "critical")


def serious_faults(page: Page, part: str) -> list[str]:
    """One text for each; `part` is a CSS selector: the rest of the page is JupyterLab's own."""
    page.wait_for_function("() => document.getAnimations().every(one => one.effect?.getTiming().iterations !== 1)")
    found = Axe().run(page, context=part).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def in_light_and_dark(page: Page, part: str) -> list[str]:
    """As `serious_faults`, of JupyterLab's two themes. Light is on before and after."""
    found = serious_faults(page, part)
    change_theme(page, "JupyterLab Dark")
    try:
        return found + serious_faults(page, part)
    finally:
        change_theme(page, "JupyterLab Light")


def change_theme(page: Page, theme: str) -> None:
    by_palette(page, f"Use Theme: {theme}")
    light = "false" if "Dark" in theme else "true"
    page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{light}'")
