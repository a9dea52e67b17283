"""The control plane's own files in its home: the port file, the kept port, the person's token."""

import hashlib
import hmac
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import msgspec

from gristmill.core.errors import Problem
from gristmill.core.whole_file import write_private
from gristmill.core.wire import PortFile


def write_port_file(path: Path, content: PortFile) -> None:
    write_private(path, json.dumps(asdict(content), indent=2).encode())


def leave_start_fault(path: Path, problem: Problem) -> None:
    """Tells whoever has started this control plane why it ends; where that cannot be written, the log has it."""
    with suppress(OSError):
        write_private(path, msgspec.json.encode(problem, enc_hook=str))


def answer_challenge(secret: str, challenge: str) -> str:
    """Proves knowledge of the port file's secret without showing it (HMAC-SHA-256, RFC 2104)."""
    return hmac.new(secret.encode(), challenge.encode(), hashlib.sha256).hexdigest()


def kept_port(home: Path) -> int:
    """The port of the last start, 0 if there was none. Workers and endpoints that live still know it."""
    try:
        return int((home / "port").read_text())
    except (FileNotFoundError, ValueError):
        return 0


def keep_port(home: Path, port: int) -> None:
    write_private(home / "port", f"{port}\n".encode())


def keep_address(path: Path, url: str) -> None:
    """Says to workers and endpoints that live where the control plane is now."""
    with suppress(FileNotFoundError):
        if path.read_text() == f"{url}\n":
            return
    write_private(path, f"{url}\n".encode())


def kept_token(home: Path) -> str | None:
    try:
        return (home / "token").read_text().strip() or None
    except FileNotFoundError:
        return None


def keep_token(home: Path, token: str) -> None:
    write_private(home / "token", token.encode())
