"""What is left of text for a terminal where there is none."""

import pytest

from gristmill.cli.plain_text import PlainText


@pytest.mark.parametrize(
    ("printed", "left"),
    [
        ("\x1b[1;31mred\x1b[0m\n", "red\n"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x07", "link"),
        ("50 %\r100 %\x1b[K\n", "50 %\r100 %\n"),
        ("\x1b(Bplain\x1b7 [1] \x1bM", "plain [1] "),
        ("a\x1b\nb", "a\nb"),
    ],
)
def test_escape_sequences_are_taken_out_wherever_pieces_begin(printed: str, left: str) -> None:
    for cut in range(len(printed) + 1):
        plain = PlainText()
        assert plain.take(printed[:cut]) + plain.take(printed[cut:]) == left
    plain = PlainText()
    assert "".join(map(plain.take, printed)) == left


def test_a_sequence_that_never_ends_withholds_nothing_for_ever() -> None:
    plain = PlainText()
    assert plain.take("a\x1b]" + "b" * 5000) == "a]" + "b" * 5000
