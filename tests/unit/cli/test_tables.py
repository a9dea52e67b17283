"""Tables fit the terminal, and what they show cannot command it."""

from gristmill.cli.tables import Cell, Column, draw


def lines(columns: list[Column], rows: list[list[str | Cell]], width: int | None = None) -> list[str]:
    return list(draw(columns, rows, width=width))


def test_text_stands_left_and_numbers_right() -> None:
    columns = [Column(title="name"), Column(title="n", right=True)]
    assert lines(columns, [["a", "1"], ["long", "200"]])[1:] == ["a       1", "long  200"]


def test_titles_are_left_out_where_no_column_has_one() -> None:
    assert lines([Column(), Column()], [["a", "b"]]) == ["a  b"]


def test_no_line_ends_in_spaces() -> None:
    assert lines([Column(), Column()], [["a", "longer"], ["b", ""]]) == ["a  longer", "b"]


def test_only_columns_that_may_shrink_are_cut() -> None:
    columns = [Column(), Column(shrinks=True), Column(right=True)]
    (line,) = lines(columns, [["abcdefghijkl", "x" * 50, "0.9235"]], width=40)
    assert line == "abcdefghijkl  xxxxxxxxxxxxxxxxx…  0.9235"


def test_a_table_that_cannot_fit_keeps_what_it_says() -> None:
    (line,) = lines([Column(), Column(shrinks=True)], [["x" * 30, "y" * 30]], width=20)
    assert line == "x" * 30 + "  yyyyyyy…"


def test_wide_characters_count_as_they_show() -> None:
    assert lines([Column(), Column()], [["日本", "a"], ["abcd", "b"]]) == ["日本  a", "abcd  b"]


def test_what_was_typed_elsewhere_neither_breaks_lines_nor_commands_the_terminal() -> None:
    (line,) = lines([Column()], [["a\nb\x1b[31mc"]])
    assert line == "a b [31mc"


def test_colour_is_around_the_text_and_not_around_the_gap() -> None:
    (line,) = lines([Column(), Column()], [[Cell("a", "red"), "b"]])
    assert line.endswith("a\x1b[0m  b")
