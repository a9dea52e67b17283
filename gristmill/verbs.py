"""What a notebook says to Gristmill while it runs: figures, files, how far it is.

A verb publishes a display of our MIME type: the worker reads it beside the cell's other output, so it is in order with
the cells and needs no token. By hand and under plain papermill it is a line of text and nothing else.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, SupportsIndex

from gristmill.core.errors import ForbiddenError, InvalidInputError, NotFoundError, UnavailableError
from gristmill.report_flood import Metrics, ReportFlood

MIME = "application/vnd.gristmill.v1+json"
WORKDIR = "GRISTMILL_WORKDIR"  # where the worker started the kernel: `os.chdir` in a notebook does not change it
SECRETS = "GRISTMILL_SECRETS"  # in a run: the socket at which its worker answers; empty where it was granted none
_BY_HAND = "GRISTMILL_SECRET_"
_MOST_OFTEN = 0.2  # seconds between two `progress` displays
_MAX_NAME = 250  # characters of a metric's name; MLflow takes no more

_last_progress = -math.inf


def report(metrics: Mapping[str, Any] | None = None, /, *, step: SupportsIndex | None = None, **more: Any) -> None:
    """Records metrics of this run: `report(accuracy=0.91)`, `report({"ROC AUC": scores}, step=3)`.

    A value is a number, or a sequence or array of repeats (folds, seeds): then their mean is recorded, with the sample
    standard deviation as its spread, and their count. numpy, pandas and similar scalars and arrays are taken as they
    are. A name reported again is replaced; give a `step` to record a curve. Cheap enough for any loop: of more than a
    hundred a second the last value of each metric at each step is shown, a few times a second.

    Raises:
        InvalidInputError: a value that is not a finite number, or no value at all; the message names the metric.
    """
    named = {**(metrics or {}), **more}
    if not named:
        raise InvalidInputError("report() was given no metric", hint="For example: gristmill.report(accuracy=0.91)")
    metrics = {_name(name): _measured(name, value, step) for name, value in named.items()}
    if _shell() is None:
        print(_lines(metrics))  # noqa: T201  # outside IPython this is the display
    else:
        _flood.add(metrics)


def output(path: str | os.PathLike[str], *, description: str | None = None) -> None:
    """Names a file as an output of this run. It is kept as it is when the run ends.

    Raises:
        InvalidInputError: there is no such file, or it lies outside the working directory.
    """
    root = Path(os.environ.get(WORKDIR) or Path.cwd()).resolve()
    file = Path(path).resolve()
    if not file.is_file():
        raise InvalidInputError(f"output {os.fspath(path)!r}: no such file", hint="Write it before you name it.")
    if not file.is_relative_to(root):
        raise InvalidInputError(
            f"output {os.fspath(path)!r} lies outside the working directory {str(root)!r}",
            hint="Write it below the notebook's own folder.",
        )
    name = file.relative_to(root).as_posix()
    payload = {"verb": "output", "path": name, "description": None if description is None else str(description)}
    if not _publish(payload, f"output {name}"):
        print(f"output {name}")  # noqa: T201  # outside IPython this is the display


def progress(fraction: float | None = None, message: str | None = None) -> None:
    """Says how far the notebook is: `progress(epoch / epochs, f"epoch {epoch}")`. Cheap enough for any loop.

    At most five a second are shown; a fraction of 1 always is. Outside IPython nothing is.

    Raises:
        InvalidInputError: a fraction that is not a number from 0 to 1.
    """
    global _last_progress  # noqa: PLW0603  # one kernel, one rate
    part = None if fraction is None else _number("fraction", fraction)
    if part is not None and not 0 <= part <= 1:
        raise InvalidInputError(f"progress fraction must be from 0 to 1, got {part:g}", hint="Divide by the total.")
    if time.monotonic() - _last_progress < _MOST_OFTEN and part != 1:
        return
    _last_progress = time.monotonic()
    text = " ".join(([] if part is None else [f"{part:.0%}"]) + ([] if message is None else [str(message)]))
    _publish({"verb": "progress", "fraction": part, "message": message and str(message)}, text, replace=True)


def secret(name: str) -> str:
    """The value of a secret that was granted to this run: `gristmill.secret("DB_PASSWORD")`.

    By hand, outside of a run, it is the value of the environment variable `GRISTMILL_SECRET_DB_PASSWORD`. Wherever it
    shows in what a run prints, displays, raises or logs, it is masked.

    Raises:
        ForbiddenError: it was not granted to this run.
        NotFoundError: outside of a run: there is no such variable.
    """
    place = os.environ.get(SECRETS)
    if place is None:
        if value := os.environ.get(_BY_HAND + name):
            return value
        raise NotFoundError(
            f"there is no secret {name!r} here: this is no run, and {_BY_HAND}{name} is not set",
            hint=f"Run it with `gristmill run … --secret {name}`, or start Jupyter with that variable set.",
        )
    answer = _ask(place, name) if place else {"granted": []}
    if "value" not in answer:
        granted = ", ".join(answer["granted"]) or "none"
        raise ForbiddenError(
            f"the secret {name!r} was not granted to this run: it has {granted}",
            hint=f"Grant it: gristmill run … --secret {name}",
        )
    return str(answer["value"])


def _ask(place: str, name: str) -> dict[str, Any]:
    """The worker's answer. See `gristmill.worker.secrets`."""
    import json
    import socket

    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, connection.makefile("rwb") as file:
            connection.connect(place)
            file.write(json.dumps(str(name)[:_MAX_NAME]).encode() + b"\n")
            file.flush()
            answer: dict[str, Any] = json.loads(file.read())
            return answer
    except (OSError, ValueError) as error:
        raise UnavailableError(f"the run's secrets cannot be asked for: {error}", hint="Is the run over?") from error


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > _MAX_NAME:
        raise InvalidInputError(f"a metric's name must be 1 to {_MAX_NAME} characters, got {name!r}")
    return name


def _measured(name: str, value: Any, step: Any) -> dict[str, Any]:
    listed = _plain(value)
    metric: dict[str, Any] = {}
    if isinstance(listed, (list, tuple, range)):
        numbers = [_number(f"{name}[{index}]", one) for index, one in enumerate(listed)]
        if not numbers:
            raise InvalidInputError(f"metric {name!r} is empty: expected at least one number")
        mean = math.fsum(one / len(numbers) for one in numbers)
        metric = {"value": mean, "count": len(numbers)}
        if len(numbers) > 1:
            spread = math.hypot(*(one - mean for one in numbers)) / math.sqrt(len(numbers) - 1)
            metric["spread"] = _number(f"spread of {name}", spread)
    else:
        metric = {"value": _number(name, listed)}
    if step is not None:
        metric["step"] = _step(step)
    return metric


def _plain(value: Any) -> Any:
    """Arrays and their scalars as Python's own, by what they can do: no array library is imported for it."""
    for method in ("tolist", "to_list"):
        if callable(convert := getattr(value, method, None)):
            return convert()
    if hasattr(value, "__array__"):
        return value.__array__().tolist()
    return value


def _number(name: str, value: Any) -> float:
    refusal = f"metric {name!r} must be a finite number"
    if value is None or isinstance(value, (str, bytes, bytearray)):
        raise InvalidInputError(f"{refusal}, got {value!r}", hint="Convert it with float() where it is made.")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"{refusal} or a flat sequence of them, got {_short(value)}: {error}") from None
    if not math.isfinite(number):
        raise InvalidInputError(f"{refusal}, got {number}", hint="Look at where it becomes so; nothing was recorded.")
    return number


def _step(step: Any) -> int:
    try:
        return int(step.__index__())
    except AttributeError:
        raise InvalidInputError(f"step must be a whole number, got {step!r}") from None


def _short(value: Any) -> str:
    text = f"{type(value).__name__} {value!r}"
    return text if len(text) <= 80 else text[:79] + "…"


def _show_reports(reports: list[Metrics], calls: int) -> None:
    if len(reports) == 1:
        _publish({"verb": "report", "metrics": reports[0]}, _lines(reports[0]))
        return
    last = {name: metric for metrics in reports for name, metric in metrics.items()}
    _publish({"verb": "reports", "reports": reports}, f"{calls} reports, the last of them:\n{_lines(last)}")


def _at_end_of_cells(call: Callable[..., None]) -> None:
    _shell().events.register("post_run_cell", call)


def _lines(metrics: Metrics) -> str:
    return "\n".join(_line(name, metric) for name, metric in metrics.items())


def _line(name: str, metric: Mapping[str, Any]) -> str:
    spread = f" ± {metric['spread']:.2g}" if "spread" in metric else ""
    count = f" (n={metric['count']})" if "count" in metric else ""
    step = f" [step {metric['step']}]" if "step" in metric else ""
    return f"{name} = {metric['value']:.6g}{spread}{count}{step}"


def _publish(payload: dict[str, Any], text: str, *, replace: bool = False) -> bool:
    """Shows the payload with its text; False outside IPython. `replace`: one display per cell, kept up to date."""
    shell = _shell()
    if shell is None:
        return False
    from IPython.display import publish_display_data

    data = {MIME: payload, "text/plain": text}
    if not replace:
        publish_display_data(data)
        return True
    display_id = f"gristmill-{payload['verb']}-{shell.execution_count}"
    shown = getattr(shell, "_gristmill_shown", None)
    publish_display_data(data, transient={"display_id": display_id}, update=shown == display_id)
    shell._gristmill_shown = display_id  # noqa: SLF001  # the shell's lifetime is the one that this must have
    return True


def _shell() -> Any:
    """IPython's, None outside of it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


_flood = ReportFlood(_show_reports, _at_end_of_cells)
