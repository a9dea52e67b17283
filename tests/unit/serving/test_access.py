"""Who may call: keys in constant time, and on loopback only under the machine's own names."""

import hashlib

import pytest

from gristmill.core.errors import ForbiddenError, UnauthenticatedError
from gristmill.serving.access import access_of, is_loopback
from tests.serving_kit.endpoint import desired

KEYS = ("first-key", "second-key")
HASHES = tuple(hashlib.sha256(key.encode()).hexdigest() for key in KEYS)


@pytest.mark.parametrize("header", [b"Bearer first-key", b"bearer second-key", b"Bearer  second-key "])
def test_every_key_of_the_endpoint_opens_it(header: bytes) -> None:
    access_of(desired(open=False, key_hashes=HASHES)).check_key({b"authorization": header})


@pytest.mark.parametrize(
    "header",
    [b"", b"Bearer", b"Bearer ", b"Bearer wrong", b"Basic first-key", b"first-key", b"Bearer first-key2", b"\xff"],
)
def test_nothing_else_does(header: bytes) -> None:
    with pytest.raises(UnauthenticatedError):
        access_of(desired(open=False, key_hashes=HASHES)).check_key({b"authorization": header})


def test_without_keys_nobody_may_call_unless_it_is_open() -> None:
    with pytest.raises(UnauthenticatedError):
        access_of(desired(open=False)).check_key({})
    access_of(desired(open=True)).check_key({})


@pytest.mark.parametrize("host", [b"127.0.0.1", b"127.0.0.1:8000", b"localhost:1", b"LOCALHOST", b"[::1]:80", b"[::1]"])
def test_the_machines_own_names_are_taken(host: bytes) -> None:
    access_of(desired()).check_host({b"host": host})


@pytest.mark.parametrize(
    "host", [b"example.org", b"127.0.0.1.example.org:80", b"", b"\xff", b"localhost.evil:80", b"[::2]"]
)
def test_another_name_is_refused_on_loopback(host: bytes) -> None:
    with pytest.raises(ForbiddenError):
        access_of(desired()).check_host({b"host": host})


def test_any_name_is_taken_where_the_endpoint_is_not_on_loopback() -> None:
    access_of(desired(host="192.0.2.7")).check_host({b"host": b"churn.example.org"})


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False)]
)
def test_loopback_is_known(host: str, loopback: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_loopback(host) is loopback
