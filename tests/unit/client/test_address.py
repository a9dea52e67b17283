from pathlib import Path

import pytest

from gristmill.client.address import Address


def test_an_address_without_a_file_stays_as_it_was_told() -> None:
    address = Address("http://control.plane/prefix/")
    assert not address.renew()
    assert address.url == "http://control.plane/prefix"


def test_a_control_plane_that_has_moved_is_found_by_its_file(tmp_path: Path) -> None:
    file = tmp_path / "address"
    address = Address("http://127.0.0.1:1", file)
    assert not address.renew(), "there is no file yet"
    file.write_text("http://127.0.0.1:1\n")
    assert not address.renew(), "it says the same"
    file.write_text("http://127.0.0.1:2\n")
    assert address.renew()
    assert address.url == "http://127.0.0.1:2"


@pytest.mark.parametrize("content", [b"", b"file:///etc/passwd", b"http://a b", b"\xff\xfe"])
def test_what_is_no_url_is_passed_over(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "address"
    file.write_bytes(content)
    address = Address("http://127.0.0.1:1", file)
    assert not address.renew()
    assert address.url == "http://127.0.0.1:1"
