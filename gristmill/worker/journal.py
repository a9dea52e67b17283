"""The worker's own record of what it reported."""

from pathlib import Path

import msgspec

from gristmill.runs.model import WorkerEvent

JOURNAL = "journal.jsonl"


class Journal:
    """`journal.jsonl` in the attempt's folder: one `WorkerEvent` as JSON per line, in order of `n`, from 1.

    An event is written before it is sent and never changed, so whatever was reported is here, delivered or not: a
    control plane that finds the worker gone reads what is behind the last `n` that it holds. The last line of a worker
    that was killed may lack its end. The blobs that undelivered events point to lie in `blobs/`, see `spool`.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / JOURNAL).open("ab", buffering=0)

    def append(self, event: WorkerEvent) -> None:
        self._file.write(msgspec.json.encode(event) + b"\n")

    def close(self) -> None:
        self._file.close()
