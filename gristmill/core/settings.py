"""Every setting of the control plane and the client: one typed object, read from `GRISTMILL_*` in this module only."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import platformdirs

from gristmill.core.errors import Fault, InvalidInputError


class Ground(StrEnum):
    LOCAL = "local"
    KUBERNETES = "kubernetes"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`GRISTMILL_` + the field's name in capitals sets a field; times are in seconds, sizes in bytes."""

    home: Path = field(default_factory=lambda: Path(platformdirs.user_data_dir("gristmill")))  # all that is kept
    url: str | None = None  # a control plane elsewhere; none is started then
    token: str | None = field(default=None, repr=False)  # for the control plane at that URL
    port: int = 0  # 0: one is chosen at the first start and kept
    database_url: str | None = field(default=None, repr=False)  # default: SQLite in the home; it may hold a password
    shared: Path | None = None  # what control planes on one database share: blobs, attempts, endpoints, MLflow
    mlflow_url: str | None = None  # an MLflow server that is there already; none is started then
    mlflow_token: str | None = field(default=None, repr=False)  # the control plane's own, for that server
    mlflow_username: str | None = None  # or these two
    mlflow_password: str | None = field(default=None, repr=False)  # with that name
    hub_api_url: str | None = None  # a JupyterHub's API: its people may ask, by the hub's own tokens
    project_groups: str = "project-"  # groups of the hub that are called so are projects of all their members
    project: str | None = None  # of a client with GRISTMILL_URL: in which project it asks
    allow_unisolated: bool = False  # let several people's notebooks run as processes of one user of this machine
    host: str = "127.0.0.1"  # where the control plane listens
    advertised_url: str | None = None  # how others reach it, where that is not loopback: workers, endpoints, people
    public_url: str | None = None  # how people elsewhere reach it, by a proxy: the gateway of endpoints is below
    allowed_hosts: tuple[str, ...] = ()  # by what names it may be asked beside that one, by commas
    ground: Ground = Ground.LOCAL  # what runs and endpoints are: processes of this machine, or pods: kubernetes
    namespace: str | None = None  # of the pods; default: the account's own
    run_image: str | None = None  # of runs whose profile names none
    endpoint_image: str | None = None  # the same for endpoints
    pull_policy: str = "IfNotPresent"  # of these images
    run_environ: str | None = None  # a secret of Kubernetes': what runs' pods have as environment variables
    cache_claim: dict[str, Any] | None = None  # the volume claim, in JSON, by which runs keep environments and data
    mlflow_workspaces: bool = False  # the server at GRISTMILL_MLFLOW_URL has workspaces: one for each project
    profiles: Path | None = None  # a catalogue; default: profiles.yaml in the home, if it is there
    secrets_vault: str = "auto"  # keyring, encrypted; auto: a keyring where one answers
    secrets_key: str | None = field(default=None, repr=False)  # for `encrypted`; several by commas, the newest first
    secrets_key_file: Path | None = None  # the same in a file outside the home; default: made among the configuration
    max_queued: int = 10_000  # runs; more are refused
    max_blob_bytes: int = 2 * 2**30  # of one file that is sent: a snapshot's, an output
    max_body_bytes: int = 16 * 2**20  # of any other request
    blob_grace: float = 24 * 3600.0  # how long a blob stays that nothing refers to: something may be about to
    events_kept: float = 90 * 24 * 3600.0  # how long; what a run came to stays as long as the run
    log_limit: int = 10 * 2**20  # of what a run prints; the rest is not kept
    output_limit: int = 512 * 2**20  # of one output; a larger file is named and not kept
    data_cache: int = 20 * 2**30  # of data fetched from URLs, kept for the next run
    environments_cache: int = 20 * 2**30  # of environments made from locks, kept for the next run
    data_binding: str = "auto"  # how data comes into a run: auto, reflink, symlink, mount
    cancel_grace: float = 15.0  # from asking a worker to stop to killing it
    launch_timeout: float = 120.0  # from launch to claim
    interactive_idle: float = 12 * 3600.0  # how long an interactive kernel may log nothing before its token ends
    track_kernels: bool = True  # what is done by hand in a notebook of Jupyter's is in its experiment
    warm_kernels: bool = True  # fork Python kernels from a process that has their imports done
    warm_workers: bool = True  # the same for what executes a run
    warm_idle: float = 900.0  # how long such a process stays when nobody asks for it

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'gristmill.db'}"

    @property
    def blobs(self) -> Path:
        return self._shared / "blobs"

    @property
    def mlflow(self) -> Path:
        return self._shared / "mlflow"

    @property
    def catalogue(self) -> Path:
        """Where the file of profiles is, if there is one."""
        return self.profiles or self.home / "profiles.yaml"

    @property
    def start_fault(self) -> Path:
        """Why the last control plane that did not start did not: a problem document."""
        return self.home / "start-fault.json"

    @property
    def port_file(self) -> Path:
        return self.home / "server.json"

    @property
    def attempts(self) -> Path:
        return self._shared / "attempts"

    @property
    def endpoints(self) -> Path:
        return self._shared / "endpoints"

    @property
    def address(self) -> Path:
        """The URL of the control plane that leads, or led last."""
        return self._shared / "address"

    @property
    def gateway_secret(self) -> Path:
        """What the gateway's keys for endpoints are made from."""
        return self._shared / "gateway-secret"

    @property
    def _shared(self) -> Path:
        return self.shared or self.home


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
            expected = _EXPECTED.get(setting.name, "a number")
            faults.append(Fault(where=name, message=f"expected {expected}", got=text, expected=expected))
    if faults:
        listed = "; ".join(f"{fault.where}={fault.got!r} (expected {fault.expected})" for fault in faults)
        raise InvalidInputError(f"settings that cannot be read: {listed}", faults=tuple(faults))
    return Settings(**given)  # type: ignore[arg-type]  # each reader returns its field's type


def _switch(text: str) -> bool:
    """0 is off, another number on."""
    return int(text) != 0


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _claim(text: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(text)
    match manifest:
        case {"kind": "PersistentVolumeClaim", "metadata": {"name": str()}}:
            return manifest
    raise ValueError(text)


_EXPECTED = {"ground": " or ".join(Ground), "cache_claim": "a PersistentVolumeClaim as JSON"}
_READERS: dict[str, Callable[[str], object]] = {
    "home": _path,
    "url": lambda text: text.rstrip("/"),
    "token": str,
    "port": int,
    "database_url": str,
    "shared": _path,
    "mlflow_url": str,
    "mlflow_token": str,
    "mlflow_username": str,
    "mlflow_password": str,
    "hub_api_url": lambda text: text.rstrip("/"),
    "project_groups": str,
    "project": str,
    "allow_unisolated": _switch,
    "host": str,
    "advertised_url": lambda text: text.rstrip("/"),
    "public_url": lambda text: text.rstrip("/"),
    "allowed_hosts": lambda text: tuple(filter(None, (one.strip() for one in text.split(",")))),
    "ground": Ground,
    "namespace": str,
    "run_image": str,
    "endpoint_image": str,
    "pull_policy": str,
    "run_environ": str,
    "cache_claim": _claim,
    "mlflow_workspaces": _switch,
    "profiles": _path,
    "secrets_vault": str,
    "secrets_key": str,
    "secrets_key_file": _path,
    "max_queued": int,
    "max_blob_bytes": int,
    "max_body_bytes": int,
    "blob_grace": float,
    "events_kept": float,
    "log_limit": int,
    "output_limit": int,
    "data_cache": int,
    "environments_cache": int,
    "data_binding": str,
    "cancel_grace": float,
    "launch_timeout": float,
    "interactive_idle": float,
    "track_kernels": _switch,
    "warm_kernels": _switch,
    "warm_workers": _switch,
    "warm_idle": float,
}
