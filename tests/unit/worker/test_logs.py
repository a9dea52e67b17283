from typing import Any

import pytest

from gristmill.worker.logs import FLUSH_BYTES, Logs, strip_ansi, tail_of


def logs(limit: int = 1000) -> tuple[list[tuple[dict[str, Any], bytes]], Logs]:
    emitted: list[tuple[dict[str, Any], bytes]] = []
    return emitted, Logs(lambda data, content: emitted.append((data, content)), limit=limit)


def test_what_waits_becomes_one_chunk_per_stream() -> None:
    emitted, kept = logs()
    for stream, text in (("stdout", "a"), ("stderr", "b"), ("stdout", "c")):
        kept.add(1, stream, text)
    kept.flush()
    kept.flush()
    assert [(data["stream"], data["cell"], content) for data, content in emitted] == [
        ("stdout", 1, b"ac"),
        ("stderr", 1, b"b"),
    ]


def test_another_cell_and_much_text_flush_at_once() -> None:
    emitted, kept = logs(limit=10**6)
    kept.add(1, "stdout", "a")
    kept.add(2, "stdout", "b" * FLUSH_BYTES)
    assert [data["cell"] for data, _ in emitted] == [1, 2]


def test_the_limit_is_kept_and_the_cut_is_marked_once() -> None:
    """A character that the limit cuts in the middle is left out."""
    emitted, kept = logs(limit=5)
    kept.add(1, "stdout", "abc")
    kept.flush()
    kept.add(1, "stdout", "déf")
    kept.flush()
    kept.add(1, "stdout", "never")
    kept.flush()
    assert [(data["cut"], content) for data, content in emitted] == [(False, b"abc"), (True, b"d")]


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("one\ntwo\n", "two"),
        ("one\n\n  \n", "one"),
        (" 10%\r 20%\r", "20%"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("a\tb\x00c", "a bc"),
        ("x" * 500, "x" * 200),
        ("", None),
        ("\n\n", None),
        ("\ud800", None),
    ],
)
def test_the_tail_is_the_last_line_as_it_shows(text: str, tail: str | None) -> None:
    assert tail_of(text) == tail


def test_control_sequences_are_taken_out_whole() -> None:
    assert strip_ansi("\x1b[0;31mE\x1b[39m\x1b[2K!\x1b(B\x1b7?") == "E!?"
