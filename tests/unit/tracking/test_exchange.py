"""A path is read in one way only, by us and by MLflow."""

import pytest
from starlette.requests import Request

from gristmill.core.errors import InvalidInputError
from gristmill.tracking.exchange import forwarded, target_of


def request(
    raw: str, *, query: str = "", root: str = "", headers: tuple[tuple[bytes, bytes], ...] = (), method: str = "GET"
) -> Request:
    return Request(
        {
            "type": "http",
            "method": method,
            "path": raw,
            "raw_path": raw.encode(),
            "query_string": query.encode(),
            "root_path": root,
            "headers": list(headers),
        }
    )


@pytest.mark.parametrize(
    ("raw", "path", "encoded"),
    [
        ("/mlflow/", "/", "/"),
        ("/mlflow/api/2.0/mlflow/runs/get", "/api/2.0/mlflow/runs/get", "/api/2.0/mlflow/runs/get"),
        ("/mlflow/api/a%20b.json", "/api/a b.json", "/api/a%20b.json"),
        ("/mlflow/api/100%25.txt", "/api/100%.txt", "/api/100%25.txt"),
        ("/mlflow/api/caf%C3%A9", "/api/café", "/api/caf%C3%A9"),
        ("/mlflow/api/a%3Fb%23c;d", "/api/a?b#c;d", "/api/a%3Fb%23c%3Bd"),
        ("/mlflow/api/mlflow/x", "/api/mlflow/x", "/api/mlflow/x"),
    ],
)
def test_a_path_is_decoded_once_and_encoded_again(raw: str, path: str, encoded: str) -> None:
    target = target_of(request(raw))
    assert (target.path, target.encoded) == (path, encoded)


@pytest.mark.parametrize(
    "raw",
    [
        "/mlflow/api/../x",
        "/mlflow/api/%2e%2e/x",
        "/mlflow/api/%252e%252e/x",
        "/mlflow/api/.%2e/x",
        "/mlflow/api/a%2Fb",
        "/mlflow/api/a%252Fb",
        "/mlflow/api/a%5Cb",
        "/mlflow/api//x",
        "/mlflow//x",
        "/mlflow/api/x/",
        "/mlflow/api/./x",
        "/mlflow/api/%00",
        "/mlflow/api/%0Ax",
        "/mlflow/..",
    ],
)
def test_a_path_that_could_be_read_in_two_ways_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInputError, match="not allowed"):
        target_of(request(raw))


def test_a_base_url_in_front_is_taken_off() -> None:
    assert target_of(request("/user/ada/mlflow/health", root="/user/ada")).path == "/health"


def test_a_query_is_sent_on_as_it_was_understood() -> None:
    target = target_of(request("/mlflow/x", query="a=1&b=%26c&a=2&d="))
    assert target.query == (("a", "1"), ("b", "&c"), ("a", "2"), ("d", ""))
    assert target.url == "/x?a=1&b=%26c&a=2&d="


def test_neither_tokens_nor_cookies_nor_what_names_the_caller_reach_mlflow() -> None:
    names = ("authorization", "cookie", "host", "origin", "forwarded", "x-forwarded-for", "x-mlflow-workspace", "te")
    headers = tuple((name.encode(), b"x") for name in (*names, "content-type", "range"))
    assert forwarded(request("/mlflow/x", headers=headers)) == {"content-type": "x", "range": "x"}
