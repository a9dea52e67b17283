"""What asks for packages of the world is left out unless it is asked for: `-m on_demand`."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "on_demand" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("on_demand")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Each notebook: its cells, how many of them differ between two executions by papermill, and the times."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, ())]
    rows = [(one.outcome, value) for one in reports for name, value in one.user_properties if name == "published"]
    if rows:
        terminalreporter.section("published notebooks")
        terminalreporter.line(f"{'':6} {'cells':>5} {'unsteady':>8} {'gristmill':>9} {'papermill':>9}  notebook")
    for outcome, (path, cells, unsteady, ours, theirs) in rows:
        terminalreporter.line(f"{outcome:6} {cells:5} {unsteady:8} {ours:7.1f} s {theirs:7.1f} s  {path}")
