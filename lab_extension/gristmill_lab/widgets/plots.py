"""Curves of metrics as plotly's figures, without plotly: JSON is all that a page needs to draw them."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from gristmill.cli.quantities import number
from gristmill.tracking.model import MetricHistory

MIME = "application/vnd.plotly.v1+json"
_HEIGHT = 240  # px
_COLOURS = ["#2f86c8", "#c76b1d", "#3a9152", "#c64c5a", "#8a70c0", "#8c7a3c"]  # 3:1 and more on light and dark
_GRID = "rgba(128, 128, 128, 0.25)"  # on light and dark alike


def curves(histories: Sequence[MetricHistory]) -> dict[str, Any] | None:
    """Metrics that were reported at several steps; None where there is none."""
    drawn = [one for one in histories if len(one.steps) > 1]
    traces = [
        {"type": "scatter", "mode": "lines+markers", "name": one.name, "x": list(one.steps), "y": list(one.values)}
        for one in drawn
    ]
    return figure(traces, "step") if traces else None


def points(name: str, values: Mapping[str, float]) -> dict[str, Any] | None:
    """One metric of several runs, the oldest first; None where no run has it."""
    if not values:
        return None
    trace = {"type": "scatter", "mode": "lines+markers", "name": name, "x": list(values), "y": list(values.values())}
    return figure([trace], "run")


def figure(traces: list[dict[str, Any]], across: str) -> dict[str, Any]:
    """As plotly's renderers take it."""
    axis = {"gridcolor": _GRID, "zerolinecolor": _GRID, "automargin": True}
    return {
        "data": traces,
        "layout": {
            "height": _HEIGHT,
            "margin": {"l": 48, "r": 12, "t": 12, "b": 36},
            "paper_bgcolor": "rgba(0, 0, 0, 0)",
            "plot_bgcolor": "rgba(0, 0, 0, 0)",
            "font": {"color": "rgb(128, 128, 128)"},
            "xaxis": {**axis, "title": {"text": across}},
            "yaxis": axis,
            "colorway": _COLOURS,
            "showlegend": True,
            "legend": {"orientation": "h", "y": 1.1},
        },
        "config": {"displayModeBar": False},
    }


def as_output(shown: dict[str, Any], described: str) -> tuple[dict[str, Any], ...]:
    """An output of a cell with the figure, and in words for where nothing draws it."""
    words = html.escape(described)
    data = {MIME: shown, "text/html": f"<p>{words}</p>", "text/plain": described}
    return ({"output_type": "display_data", "data": data, "metadata": {}},)


def in_words(shown: dict[str, Any]) -> str:
    """`loss: 0.9 … 0.2 (30 values)` of each curve."""
    told = []
    for trace in shown["data"]:
        values = [one for one in trace["y"] if one is not None]
        if values:
            told.append(f"{trace['name']}: {number(values[0])} … {number(values[-1])} ({len(values)} values)")
    return "; ".join(told)
