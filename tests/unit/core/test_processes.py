"""What becomes of the logs of processes that outlive us."""

import os
import re
from pathlib import Path
from threading import Event, Thread

from gristmill.core.processes import LOG_KEPT, LOG_LIMIT, trim


def test_a_log_is_cut_to_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"".join(b"line %09d\n" % n for n in range(LOG_LIMIT // 10)))
    with log.open("ab") as writer:
        assert trim(log)
        writer.write(b"the last line\n")
    text = log.read_bytes()
    assert LOG_KEPT - 100 < len(text) < LOG_KEPT + 100
    assert text.startswith(b"line ")
    assert text.endswith(b"\nthe last line\n")
    assert b"\0" not in text


def test_what_is_kept_is_kept_byte_for_byte(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"first\n" + b"\xff\xfe\n" * 30)
    assert trim(log, limit=60, kept=31)
    assert log.read_bytes() == b"\xff\xfe\n" * 10


def test_a_log_that_is_written_to_meanwhile_has_whole_lines_only(tmp_path: Path) -> None:
    log, enough = tmp_path / "log", Event()

    def write() -> None:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        number = 0
        while not enough.is_set():
            os.write(descriptor, b"line %09d\n" % number)
            number += 1
        os.close(descriptor)

    writer = Thread(target=write)
    writer.start()
    cuts = 0
    while cuts < 20:
        cuts += trim(log, limit=30_000, kept=10_000)
    enough.set()
    writer.join()
    lines = log.read_bytes().splitlines()
    assert len(lines) > 10_000 // 15 - 2
    assert [line for line in lines if not re.fullmatch(rb"line \d{9}", line)] == []


def test_a_small_log_and_none_are_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert not trim(log)
    log.write_text("short\n")
    assert not trim(log)
    assert log.read_text() == "short\n"
