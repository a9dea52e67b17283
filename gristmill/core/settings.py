"""Every setting of the control plane and the client: one typed object, read from `GRISTMILL_*` in this module only."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import platformdirs

from gristmill.core.errors import Fault, InvalidInputError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`GRISTMILL_` + the field's name in capitals sets a field; times are in seconds, sizes in bytes."""

    home: Path = field(default_factory=lambda: Path(platformdirs.user_data_dir("gristmill")))
    url: str | None = None  # a control plane elsewhere; none is started then
    token: str | None = field(default=None, repr=False)
    port: int = 0  # 0: one is chosen at the first start and kept
    profiles: Path | None = None  # default: <home>/profiles.yaml if it is there
    max_queued: int = 10_000
    max_blob_bytes: int = 2 * 2**30
    max_body_bytes: int = 16 * 2**20
    log_limit: int = 10 * 2**20
    output_limit: int = 512 * 2**20
    cancel_grace: float = 15.0  # from asking a worker to stop to killing it
    launch_timeout: float = 120.0  # from launch to claim

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.home / 'gristmill.db'}"

    @property
    def port_file(self) -> Path:
        return self.home / "server.json"

    @property
    def attempts(self) -> Path:
        return self.home / "attempts"

    @property
    def endpoints(self) -> Path:
        return self.home / "endpoints"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Raises:
        InvalidInputError: a value of the wrong type, all of them at once.
    """
    environ = os.environ if environ is None else environ
    given: dict[str, object] = {}
    faults: list[Fault] = []
    for setting in fields(Settings):
        name = f"GRISTMILL_{setting.name.upper()}"
        text = environ.get(name, "").strip()
        if not text:
            continue
        try:
            given[setting.name] = _READERS[setting.name](text)
        except ValueError:
            faults.append(Fault(where=name, message="not a number", got=text, expected="a number"))
    if faults:
        listed = "; ".join(f"{fault.where}={fault.got!r}" for fault in faults)
        raise InvalidInputError(f"settings that are not numbers: {listed}", faults=tuple(faults))
    return Settings(**given)  # type: ignore[arg-type]  # each reader returns its field's type


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


_READERS: dict[str, Callable[[str], object]] = {
    "home": _path,
    "url": lambda text: text.rstrip("/"),
    "token": str,
    "port": int,
    "profiles": _path,
    "max_queued": int,
    "max_blob_bytes": int,
    "max_body_bytes": int,
    "log_limit": int,
    "output_limit": int,
    "cancel_grace": float,
    "launch_timeout": float,
}
