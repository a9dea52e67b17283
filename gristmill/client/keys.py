"""API keys of endpoints, kept for the person who uses this machine: a file each, readable by nobody else."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from gristmill.core.whole_file import write_private
from gristmill.endpoints.model import Endpoint, check_name, key_hash, key_id


@dataclass(frozen=True, kw_only=True)
class KeptKey:
    """`endpoint` is the id: an endpoint of the same name that was made anew has other keys."""

    endpoint: str
    key: str = field(repr=False)


class KeyStore:
    """The keys in one folder, `<home>/keys`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, endpoint: Endpoint) -> str | None:
        try:
            kept = msgspec.json.decode(self._path(endpoint.name).read_bytes(), type=KeptKey)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return kept.key if kept.endpoint == endpoint.id else None

    def keep(self, endpoint: Endpoint, key: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self._path(endpoint.name), msgspec.json.encode(KeptKey(endpoint=endpoint.id, key=key)))

    def id(self, endpoint: Endpoint) -> str | None:
        """What the kept key is called in lists."""
        kept = self.find(endpoint)
        return None if kept is None else key_id(key_hash(kept))

    def forget_revoked(self, endpoint: Endpoint, *revoked: str) -> None:
        """Forgets the kept key if it has one of these ids."""
        if self.id(endpoint) in revoked:
            self.forget(endpoint.name)

    def forget(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / check_name(name)
