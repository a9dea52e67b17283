"""How a client makes a snapshot of what the user runs now."""

from gristmill.client.pack.packed import Packed
from gristmill.client.pack.packing import pack

__all__ = ["Packed", "pack"]
