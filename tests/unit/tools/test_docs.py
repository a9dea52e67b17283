import pytest

from tools.docs import foreign


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "<img alt='' src=https://badge.example/x.svg>",
    ],
)
def test_what_a_browser_would_fetch_from_elsewhere_is_found(tag: str) -> None:
    assert len(foreign(f"<html>{tag}</html>")) == 1


def test_own_files_and_links_that_a_reader_follows_are_fine() -> None:
    assert foreign('<script src="assets/x.js"></script><a href="https://mlflow.org">MLflow</a>') == []
