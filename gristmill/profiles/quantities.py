"""Amounts as people write them."""

import math
import re

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*(|k|ki|m|mi|g|gi|t|ti)b?", re.IGNORECASE)
_SMALLEST = 2**20


def memory(value: object) -> int:
    """Bytes of `4 GB` (10⁹), `4GiB` (2³⁰), `512M`, `512Mi`, or of a plain number.

    Raises:
        ValueError: for anything else, and for less than 1 MiB, where a unit was forgotten.
    """
    match = None if isinstance(value, bool) else _MEMORY.fullmatch(str(value).strip())
    if match is None:
        raise ValueError("expected an amount such as 4 GB, 4GiB or 512M")
    amount = round(float(match[1]) * _UNITS[match[2].lower()])
    if amount < _SMALLEST:
        raise ValueError(f"that is {amount} bytes; expected an amount with its unit, such as 4 GB")
    return amount


def cores(value: object) -> float:
    """Cores of `2`, `0.5` or `500m` (thousandths).

    Raises:
        ValueError: for what is no number over 0.
    """
    text = str(value).strip()
    try:
        number = float(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number) or number <= 0:
        raise ValueError("expected a number of cores over 0, such as 2, 0.5 or 500m")
    return number


def count(value: object) -> int:
    """A whole number from 0 up."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("expected a whole number from 0 up")
    return value


def rate(value: object) -> float:
    """A price from 0 up."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError("expected a number from 0 up")
    return float(value)


def in_words(amount: int) -> str:
    """Bytes for people: `3.6 GB`, `512 MB`."""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if amount >= size:
            return f"{amount / size:.3g} {unit}"
    return f"{amount} bytes"
