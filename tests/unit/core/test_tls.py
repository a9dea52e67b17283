from gristmill.core.tls import trust_for


def test_plain_http_reads_no_certificate_authorities() -> None:
    assert trust_for("https://example.org") is True
    assert trust_for("http://127.0.0.1:80") is not True
