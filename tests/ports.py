"""Ports for what tests start."""

import socket


def free_port() -> int:
    """One of the machine's own choice on loopback, where nobody listened a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
