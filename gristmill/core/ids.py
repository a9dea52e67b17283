"""Sortable ids: `run_01k3…`, a ULID (https://github.com/ulid/spec) in lower case behind the kind of thing it names."""

import secrets
from datetime import datetime

from gristmill.core.errors import InvalidInputError

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26


def new_id(kind: str, now: datetime) -> str:
    """`<kind>_<26 characters>`; ids made in different milliseconds sort by time."""
    number = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    return f"{kind}_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


def check_id(value: str) -> str:
    """`value`, if it has an id's form: safe as a file's name.

    Raises:
        InvalidInputError: otherwise.
    """
    kind, _, rest = value.partition("_")
    if not (kind.isalpha() and kind.isascii() and len(rest) == _LENGTH and all(one in _ALPHABET for one in rest)):
        raise InvalidInputError(f"{value[:80]!r} is not an id: expected for example run_01k3x4m5n6p7q8r9s0t1v2w3x4")
    return value
