"""Numbers, times and sizes as people read them: sensible digits, units always."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gristmill.runs.model import Metric

_DIGITS = 4


def number(value: float) -> str:
    """Four significant digits, and all before the point: `0.9243`, `12346`, `3`, `1.204e-07`."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return _significant(value)


def _significant(value: float) -> str:
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    size = math.floor(math.log10(abs(value)))
    if size < -4 or size >= 15:
        return f"{value:.{_DIGITS}g}"
    return f"{value:.{max(0, _DIGITS - 1 - size)}f}"


def metric(one: "Metric") -> str:
    """`0.9235 ± 0.012 (n=25)`; the spread with two significant digits."""
    value = number(one.value) if one.spread is None else _significant(one.value)
    spread = f" ± {_two_digits(one.spread)}" if one.spread is not None else ""
    count = f" (n={one.count})" if one.count is not None else ""
    step = f" at step {one.step}" if one.step is not None else ""
    return f"{value}{spread}{count}{step}"


def _two_digits(value: float) -> str:
    if not value or not math.isfinite(value):
        return f"{value:g}"
    size = math.floor(math.log10(abs(value)))
    return f"{value:.1e}" if size < -5 else f"{value:.{max(0, 1 - size)}f}"


def duration(seconds: float) -> str:
    """`0.42 s`, `18 s`, `2 min 05 s`, `1 h 02 min`, `3 d 4 h`."""
    if seconds < 9.95:
        return f"{seconds:.2g} s" if seconds >= 0.0095 else f"{seconds * 1000:.2g} ms"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def clock_face(seconds: float) -> str:
    """A running time that does not change its width every second: `0:42`, `1:02:03`."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def ago(then: datetime | None, now: datetime | None = None) -> str:
    """`just now`, `3 min ago`, `2 h ago`, `5 d ago`, then the date."""
    if then is None:
        return ""
    passed = (now or datetime.now(UTC)) - then
    if passed < timedelta(seconds=45):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{max(1, round(passed.total_seconds() / 60))} min ago"
    if passed < timedelta(days=1):
        return f"{int(passed.total_seconds() // 3600)} h ago"
    return f"{passed.days} d ago" if passed < timedelta(days=30) else then.astimezone().strftime("%Y-%m-%d")


def exact(then: datetime | None) -> str:
    """Local time with its offset, to the second."""
    return then.astimezone().strftime("%Y-%m-%d %H:%M:%S %z") if then else ""


def size(count: float) -> str:
    """Bytes: `120 B`, `4.2 kB`, `1.2 GB`, in powers of ten, as everywhere in Gristmill."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" or count >= 99.5 else f"{count:.2g} {unit}"


def short(digest: str) -> str:
    """The first eight characters of a digest, enough for the eye."""
    return digest.removeprefix("sha256:")[:8]


def one_line(text: str) -> str:
    """`text` without what would break a line or command a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def value(given: Any, limit: int = 60) -> str:
    """A parameter's value on one line."""
    if isinstance(given, float):
        text = repr(given)
    elif isinstance(given, str):
        text = given if given and given.isprintable() else repr(given)
    elif given is None:
        text = "none"
    else:
        import json

        text = json.dumps(given, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def assignments(values: Mapping[str, Any], limit: int = 60) -> str:
    """`name=value name=value`, cut where it is too long."""
    text = " ".join(f"{name}={value(given, 24)}" for name, given in values.items())
    return text if len(text) <= limit else text[: limit - 1] + "…"
