"""A SQLite database's copy."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

BUSY_S = 60.0  # how long who writes at this moment is waited for


def copy_database(source: Path, target: Path) -> None:
    """One moment of `source`, whoever writes meanwhile: SQLite's own backup, with what is in the write-ahead log.

    `target` is one file, appears whole or not at all, in place of what is there, and is its owner's alone.
    """
    partial = target.with_name(f".{target.name}.part")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(source, timeout=BUSY_S)) as live, closing(sqlite3.connect(partial)) as copy:
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # no second file beside it
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
