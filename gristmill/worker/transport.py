"""The worker's requests to the control plane: its claim, its events, blobs."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from gristmill.client.address import Address
from gristmill.core.errors import GristmillError, Problem, UnavailableError, error_from_problem
from gristmill.core.small_blobs import Digests, SmallBlob, SmallBlobs
from gristmill.core.tls import trust_for
from gristmill.runs.model import AttemptOrder, ClaimRequest, WorkerEvent, WorkerEvents, WorkerEventsAnswer

_AWAY = {408, 425, 429}  # beside every 5xx: to be tried again


class Transport:
    """A small HTTP client with a bearer token. Away is `UnavailableError`; every other refusal is final.

    What is asked for lies below `prefix` of the control plane, which proves itself on every connection before it sees
    the token; away, it is looked for at its address once more. Environment proxies are not asked: the other side is
    this machine or this cluster.
    """

    def __init__(self, address: Address, token: str, *, prefix: str = "", timeout: float = 30.0) -> None:
        httpx = _httpx()
        self._address, self._token, self._prefix = address, token, prefix
        self._client: Any = httpx.Client(
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(timeout, connect=5.0),
            trust_env=False,
            verify=trust_for(address.url),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.close()

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> bytes:
        """The body of the answer; `body` is sent as JSON.

        Raises:
            UnavailableError: no connection, or a status that says "later".
            GristmillError: what the other side refused with.
        """
        if body is not None:
            options["content"] = msgspec.json.encode(body)
            options["headers"] = {"Content-Type": "application/json"}
        from gristmill.client.proof import proven  # it imports httpx, which `_httpx` makes light

        url = self._address.url
        with self._away_as_unavailable(f"{method} {path}"):
            answer = self._client.request(
                method, f"{url}{self._prefix}{path}", extensions=proven(url, self._token), **options
            )
        if answer.is_success:
            return bytes(answer.content)
        raise _refusal(f"{method} {path}", answer.status_code, answer.content)

    @contextmanager
    def _away_as_unavailable(self, what: str) -> Iterator[None]:
        httpx = _httpx()
        try:
            yield
        except httpx.TransportError as error:
            self._address.renew()
            raise UnavailableError(f"{what}: {type(error).__name__}: {error}") from error


class ControlPlane(Transport):
    """What one attempt's worker asks of the control plane."""

    def __init__(self, address: Address, token: str, attempt: str) -> None:
        super().__init__(address, token)
        self._attempt = f"/api/attempts/{attempt}"

    def claim(self, nonce: str) -> AttemptOrder:
        """The order, for the one worker that may execute the attempt.

        Raises:
            ConflictError: another worker has it, or it is over.
        """
        answer = self.request("POST", f"{self._attempt}/claim", ClaimRequest(nonce=nonce))
        return msgspec.json.decode(answer, type=AttemptOrder)

    def send(self, events: Sequence[WorkerEvent], blobs: Sequence[SmallBlob] = ()) -> WorkerEventsAnswer:
        body = WorkerEvents(events=tuple(events), blobs=tuple(blobs))
        answer = self.request("POST", f"{self._attempt}/events", body)
        return msgspec.json.decode(answer, type=WorkerEventsAnswer)

    def missing(self, digests: Sequence[str]) -> frozenset[str]:
        """Those blobs that the control plane lacks."""
        answer = self.request("POST", "/api/blobs/missing", {"digests": list(digests)})
        return frozenset(msgspec.json.decode(answer, type=dict[str, list[str]])["digests"])

    def put_blob(self, digest: str, path: Path) -> None:
        with path.open("rb") as content:
            self.request("PUT", f"/api/blobs/{digest}", content=content, timeout=600.0)

    def get_small_blobs(self, digests: Sequence[str]) -> dict[str, bytes]:
        answer = self.request("POST", "/api/blobs/read", Digests(digests=tuple(digests)))
        return {one.digest: one.content for one in msgspec.json.decode(answer, type=SmallBlobs).blobs}

    def get_blob(self, digest: str) -> bytes:
        return self.request("GET", f"/api/blobs/{digest}", follow_redirects=True)


def _refusal(what: str, status: int, content: bytes) -> GristmillError:
    if status >= 500 or status in _AWAY:
        return UnavailableError(f"{what}: answered {status}")
    try:
        return error_from_problem(msgspec.json.decode(content, type=Problem))
    except msgspec.DecodeError:
        return GristmillError(f"{what}: refused with {status}: {content[:200].decode(errors='replace')}")


def _httpx() -> Any:
    """The package httpx without its command line, whose imports take twice as long as its own."""
    if "httpx" not in sys.modules:
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: "this import fails"
        import httpx

        if sys.modules.get("httpx._main", httpx) is None:
            del sys.modules["httpx._main"]
    import httpx

    return httpx
