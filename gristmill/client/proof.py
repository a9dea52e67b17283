"""A process that outlives its control plane shows its token to nobody else: another program may have taken the port.

On each new connection, before anything that carries the token, the other end is asked to prove that it knows the
token's hash: HMAC-SHA-256 (RFC 2104) under the hash, of a fresh challenge and of the URL at which it says it is. The
URL keeps a stranger from passing the challenge on to the real control plane. TLS proves the other end by itself.
"""

import hashlib
import hmac
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx
import msgspec

from gristmill.core.wire import FINGERPRINT_LENGTH, InstanceProof

_PATIENCE = 10.0  # seconds; a control plane that is just coming up accepts connections before it answers
_LIMIT = 64 * 1024
_CHUNK = 16 * 1024
_STARTED, _CONNECTED = "connection.connect_tcp.started", "connection.connect_tcp.complete"

Trace = Callable[[str, dict[str, Any]], None]
AsyncTrace = Callable[[str, dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Doubt:
    """The question of one connection. `request` is to be sent; `answered` is given all that has come back so far."""

    url: str
    token_hash: str
    challenge: str

    @property
    def request(self) -> bytes:
        parts = urlsplit(self.url)
        query = f"challenge={self.challenge}&fingerprint={self.token_hash[:FINGERPRINT_LENGTH]}"
        return (
            f"GET {parts.path.rstrip('/')}/api/instance?{query} HTTP/1.1\r\n"
            f"Host: {parts.netloc}\r\nAccept: application/json\r\n\r\n"
        ).encode()

    def answered(self, data: bytes) -> bool:
        """True once it has proven itself, False while the answer is not whole.

        Raises:
            httpx.ConnectError: it is not the control plane that issued the token.
        """
        head, separator, body = data.partition(b"\r\n\r\n")
        if not separator:
            if len(data) > _LIMIT:
                raise self._stranger()
            return False
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = headers.get("content-length", "")
        if not (status.startswith("HTTP/1.1 200") and length.isdigit() and int(length) <= _LIMIT):
            raise self._stranger()
        if len(body) < int(length):
            return False
        try:
            proof = msgspec.json.decode(body, type=InstanceProof).token_proof or ""
        except (msgspec.DecodeError, msgspec.ValidationError):
            proof = ""
        expected = hmac.new(self.token_hash.encode(), f"{self.challenge} {self.url}".encode(), hashlib.sha256)
        if not hmac.compare_digest(proof.encode(), expected.hexdigest().encode()):
            raise self._stranger()
        return True

    def _stranger(self) -> httpx.ConnectError:
        return httpx.ConnectError(f"what listens at {self.url} is not the control plane that issued the token")


def proven(url: str, token: str) -> dict[str, Any]:
    """Extensions of a request whose connection, if it is a new one, is proven before the request is sent."""
    begun = _Begun(url, token)

    def trace(event: str, info: dict[str, Any]) -> None:
        if (doubt := begun.doubt(event, info)) is None:
            return
        stream, data = info["return_value"], b""
        try:
            stream.write(doubt.request, timeout=_PATIENCE)
            while not doubt.answered(data):
                data += _some(stream.read(_CHUNK, timeout=_PATIENCE))
        except BaseException:
            stream.close()
            raise

    return {"trace": trace}


def proven_async(url: str, token: str) -> dict[str, Any]:
    """The same for an asynchronous client."""
    begun = _Begun(url, token)

    async def trace(event: str, info: dict[str, Any]) -> None:
        if (doubt := begun.doubt(event, info)) is None:
            return
        stream, data = info["return_value"], b""
        try:
            await stream.write(doubt.request, timeout=_PATIENCE)
            while not doubt.answered(data):
                data += _some(await stream.read(_CHUNK, timeout=_PATIENCE))
        except BaseException:
            await stream.aclose()
            raise

    return {"trace": trace}


def prove(connection: socket.socket, url: str, token: str) -> None:
    """Returns once the other end of a bare connection has proven itself; nothing was sent over it before.

    Raises:
        httpx.ConnectError: it is not the control plane that issued the token, or it closed the connection.
    """
    doubt, data = _doubt(url, token), b""
    connection.sendall(doubt.request)
    while not doubt.answered(data):
        data += _some(connection.recv(_CHUNK))


class _Begun:
    """Follows httpcore's trace of one request: https://www.encode.io/httpcore/extensions/#trace."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._parts = urlsplit(url)
        self._own = False

    def doubt(self, event: str, info: dict[str, Any]) -> Doubt | None:
        """The question to be asked, where a connection to the control plane was just made."""
        if event == _STARTED:  # a redirect may lead elsewhere, without the token
            self._own = (info["host"], info["port"]) == (self._parts.hostname, _port(self._parts))
        if event != _CONNECTED or not self._own or self._parts.scheme != "http":
            return None
        return _doubt(self._url, self._token)


def _doubt(url: str, token: str) -> Doubt:
    return Doubt(url, hashlib.sha256(token.encode()).hexdigest(), secrets.token_hex(16))


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _some(data: bytes) -> bytes:
    if not data:
        raise httpx.ConnectError("the connection was closed before the other end had proven itself")
    return data
