import ssl

from gristmill.core.tls import trust_for


def test_plain_http_reads_no_certificate_authorities_and_trusts_nobody() -> None:
    assert trust_for("https://example.org") is True
    trust = trust_for("http://127.0.0.1:80")
    assert isinstance(trust, ssl.SSLContext)
    assert trust.get_ca_certs() == []
    assert trust.verify_mode is ssl.CERT_REQUIRED
