"""Sizes as people write them: `4 GB`, `512M`, `1.5GiB`. `GB` and `GiB` both count 2^30, as Kubernetes users expect."""

import re

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", re.IGNORECASE)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_size(text: str) -> int:
    """Bytes.

    Raises:
        ValueError: not a size.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size: expected for example 4 GB, 512M or 1.5GiB")
    return int(float(match[1]) * 1024 ** _POWER[match[2].lower()])


def format_size(size: float) -> str:
    """`4 GB`, `1.5 GB`, `512 MB`."""
    for unit in ("B", "kB", "MB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} GB"
