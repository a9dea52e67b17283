"""The supervisor's side of the control plane: what should be served, what is, and the model's files."""

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from gristmill.client.address import Address
from gristmill.client.proof import proven_async
from gristmill.core.errors import UnavailableError
from gristmill.endpoints.model import DesiredState, Observed
from gristmill.serving.folders import parse_desired

_ARTIFACTS = "mlflow/api/2.0/mlflow-artifacts/artifacts"
_TIMEOUT = httpx.Timeout(10, connect=2)
_LOG = logging.getLogger("gristmill.serving")


@dataclass(frozen=True)
class ArtifactFile:
    name: str
    is_folder: bool
    size: int | None


class ControlPlane:
    """Every method raises UnavailableError where the control plane, or MLflow behind it, gives no proper answer.

    It proves itself on every connection before it sees the token; away, it is looked for at its address once more.
    """

    def __init__(self, address: Address, token: str, endpoint: str) -> None:
        self._address, self._token = address, token
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT,
            trust_env=False,
        )
        self._endpoint = f"api/endpoints/{quote(endpoint, safe='')}"

    async def close(self) -> None:
        await self._client.aclose()

    async def desired(self) -> DesiredState:
        response = await self._ask("GET", f"{self._endpoint}/desired")
        try:
            return parse_desired(response.content)
        except msgspec.DecodeError as error:
            raise UnavailableError(f"the control plane's desired state cannot be read: {error}") from error

    async def report(self, observed: Observed) -> None:
        content = msgspec.json.encode(observed)
        await self._ask(
            "PUT", f"{self._endpoint}/observed", content=content, headers={"Content-Type": "application/json"}
        )

    async def files(self, path: str) -> list[ArtifactFile]:
        """What lies in the folder `path` of the artifact store; nothing, where there is no such folder."""
        response = await self._ask("GET", _ARTIFACTS, params={"path": path})
        try:
            entries = response.json().get("files", [])
            return [ArtifactFile(_name(entry), bool(entry.get("is_dir")), _size(entry)) for entry in entries]
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            raise UnavailableError(f"MLflow's list of files cannot be read: {error}") from error

    @contextlib.asynccontextmanager
    async def read(self, path: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The content of one file, in chunks."""
        place = f"{_ARTIFACTS}/{quote(path)}"
        url = self._address.url
        try:
            async with self._client.stream(
                "GET", f"{url}/{place}", extensions=proven_async(url, self._token)
            ) as response:
                _check(response, place)
                yield response.aiter_bytes()
        except httpx.HTTPError as error:
            self._renew()
            raise UnavailableError(f"the file {path!r} could not be read: {_what(error)}") from error

    async def _ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        url = self._address.url
        try:
            response = await self._client.request(
                method, f"{url}/{path}", extensions=proven_async(url, self._token), **arguments
            )
        except httpx.HTTPError as error:
            self._renew()
            raise UnavailableError(f"the control plane does not answer: {_what(error)}") from error
        _check(response, path)
        return response

    def _renew(self) -> None:
        if self._address.renew():
            _LOG.info("the control plane is at %s now", self._address.url)


def _check(response: httpx.Response, path: str) -> None:
    if not response.is_success:
        raise UnavailableError(f"{path} answered {response.status_code}: expected 2xx")


def _what(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _name(entry: dict[str, Any]) -> str:
    """The last part of the path: MLflow answers with it alone, older ones with the whole path."""
    return str(entry["path"]).rstrip("/").rpartition("/")[2]


def _size(entry: dict[str, Any]) -> int | None:
    size = entry.get("file_size")
    return None if size is None else int(size)
