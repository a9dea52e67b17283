"""Sortable ids: `run_01k3…`, a ULID (https://github.com/ulid/spec) in lower case behind the kind of thing it names."""

import secrets
from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26


def new_id(kind: str, now: datetime) -> str:
    """`<kind>_<26 characters>`; ids made in different milliseconds sort by time."""
    number = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    return f"{kind}_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))
