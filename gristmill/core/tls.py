"""What HTTP clients verify certificates by."""

import ssl


def trust_for(url: str) -> ssl.SSLContext | bool:
    """The usual authorities, for httpx; none for plain HTTP: to read them takes longer than a local answer."""
    return True if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # this one trusts nobody
