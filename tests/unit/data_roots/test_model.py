"""Where data may lie, and what a source may be."""

import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.data_roots.model import (
    DataBinding,
    check_place,
    check_source,
    check_together,
    climb,
    folder_of,
    folders_above,
    without_credentials,
)


def binding(name: str, at: str, source: str = "/data") -> DataBinding:
    return DataBinding(name=name, source=source, at=at)


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("data/", "data"),
        ("./data//raw", "data/raw"),
        ("nb/../data", "data"),
        ("../data", "../data"),
        ("a/../../b", "../b"),
    ],
)
def test_a_place_has_one_normal_form(given: str, normal: str) -> None:
    assert check_place(given) == normal


@pytest.mark.parametrize(
    "place",
    ["", ".", "..", "../..", "data/..", "/data", "a\\b", "a\nb", "C:/data", "../" * 9 + "x", "x" * 300, "\ud800"],
)
def test_a_place_that_is_no_place_is_refused(place: str) -> None:
    """Above all one that would hold the project itself."""
    with pytest.raises(InvalidInputError, match="place"):
        check_place(place)


@pytest.mark.parametrize("source", ["/data", "/data/with space/ü", "s3://bucket/key", "https://host/a.csv?version=3"])
def test_a_source_is_an_absolute_path_or_a_url(source: str) -> None:
    check_source(source)


@pytest.mark.parametrize(
    "source",
    [
        "data",
        "",
        "https://ada:secret@host/a.csv",
        "https://token@host/a.csv",
        "https://host/a.csv?X-Amz-Signature=abc",
        "https://host/a.csv?access_token=abc",
        "https://host/a.csv?sig=abc",
        "simplecache::s3://bucket/key",
        "/a\nb",
        "http://[broken",
    ],
)
def test_a_source_with_credentials_or_of_no_known_form_is_refused(source: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        check_source(source)
    assert "secret" not in str(raised.value)
    assert "abc" not in str(raised.value) or "X-Amz" not in str(raised.value)


def test_what_is_shown_of_a_url_is_without_user_and_query() -> None:
    assert without_credentials("https://ada:secret@host/a/b.csv?token=1#x") == "https://host/a/b.csv"
    assert without_credentials("/plain/path?x") == "/plain/path?x"


def test_a_place_inside_another_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="'raw' at data/raw lies in data root 'data'"):
        check_together([binding("data", "data"), binding("raw", "data/raw")])
    assert len(check_together([binding("data", "data"), binding("more", "data-more")])) == 2


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="twice"):
        check_together([binding("data", "a"), binding("data", "b")])


def test_the_project_stands_as_deep_as_the_highest_place_is_above_it() -> None:
    """And in folders that no place names, so that none of them is inside the project."""
    assert folders_above([binding("a", "data")]) == ()
    assert folders_above([binding("a", "../data"), binding("b", "../../x")]) == ("project", "project")
    assert folders_above([binding("a", "../project/data")]) == ("project_",)
    assert climb([]) == 0


def test_the_folder_of_a_snapshot_is_its_source_without_the_notebook() -> None:
    assert folder_of("/p/nb/train.ipynb", "nb/train.ipynb") == "/p"
    assert folder_of(None, "a.ipynb") is None
    assert folder_of("somewhere", "a.ipynb") is None
