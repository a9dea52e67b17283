"""What worker and supervisor tell each other, one JSON line for each."""

import socket
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from gristmill.endpoints.model import Phase, VariantStatus


class Outcome(StrEnum):
    GOES_ON = "goes_on"  # it has come to the next phase
    READY = "ready"  # the model is loaded, answered its example, and the worker accepts requests
    FAILED = "failed"  # it never will; the worker ends


@dataclass(frozen=True, kw_only=True)
class WorkerReport:
    outcome: Outcome
    phase: Phase | None = None
    status: VariantStatus | None = None
    message: str | None = None
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeysInForce:
    """Which keys may call from now on, and which generation the worker serves by that."""

    generation: int
    key_hashes: tuple[str, ...]


def keys_line(keys: KeysInForce) -> bytes:
    return msgspec.json.encode(keys) + b"\n"


def parse_keys(line: bytes) -> KeysInForce:
    """Raises msgspec.DecodeError where the line names no keys."""
    return msgspec.json.decode(line, type=KeysInForce)


def send_report(supervisor: socket.socket, report: WorkerReport) -> None:
    supervisor.sendall(msgspec.json.encode(report) + b"\n")


def parse_report(line: bytes) -> WorkerReport:
    """Raises msgspec.DecodeError where the line is no report."""
    return msgspec.json.decode(line, type=WorkerReport)
