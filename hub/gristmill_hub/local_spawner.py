"""Starts a person's server as a process of this machine."""

from functools import partial
from pathlib import Path
from typing import Any

from jupyterhub.spawner import SimpleLocalProcessSpawner
from jupyterhub.utils import can_connect, exponential_backoff, random_port, url_escape_path, url_path_join

from gristmill_hub.ahead import COMMAND, ServersAhead

AHEAD = ServersAhead(COMMAND)  # of all spawners: the hub makes another one after a start that failed
BETWEEN_LOOKS = 0.05  # seconds


class LocalSpawner(SimpleLocalProcessSpawner):  # type: ignore[misc]  # it has no types
    """Has started when its server listens. The hub's own looks become rare, and find it up to seconds later."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        if self.user is not None and not self.options_form:
            self._prepare()  # the person came to the hub's page, or starts it now

    async def get_options_form(self) -> str:
        """Whoever looks at it will want a server."""
        form = str(await super().get_options_form())
        if form:
            self._prepare()
        return form

    def template_namespace(self) -> dict[str, str]:
        """The same before a start as at it."""
        return {"base_url": self._prefix, **super().template_namespace()}

    async def start(self) -> tuple[str, int]:
        ip, port = self._started_ahead() or await super().start()
        # The hub itself keeps the process's id only afterwards; one that is killed meanwhile would never find it again.
        self.orm_spawner.state = self.get_state()
        self.db.commit()
        await exponential_backoff(
            partial(self._listens_or_ended, ip, port),
            f"{self._log_name} listens on {ip}:{port}",
            start_wait=BETWEEN_LOOKS,
            scale_factor=1,
            timeout=self.start_timeout,
        )
        if (status := self.proc.poll()) is not None:
            ended = f"{self._log_name} ended with status {status} before it listened on {ip}:{port}"
            raise RuntimeError(f"{ended}: what it said before is in this log")
        return ip, port

    @property
    def _may_be_ahead(self) -> bool:
        """Not another command, nor one that is started otherwise, or whose environment is known only then."""
        plain = self.cmd == list(COMMAND) and not (self.shell_cmd or self.popen_kwargs or self.internal_ssl)
        return plain and not any(map(callable, self.environment.values()))

    @property
    def _prefix(self) -> str:
        """What the hub calls the path of the server once that is asked for."""
        return str(url_path_join(self.user.base_url, url_escape_path(self.name), "/"))

    def _prepare(self) -> None:
        if self.active or not self._may_be_ahead:
            return
        environ = {**self.get_env(), "JUPYTERHUB_SERVICE_PREFIX": self._prefix}
        try:
            AHEAD.prepare(self._prefix, environ, Path(self.home_dir))
        except OSError as error:  # the page is worth more; what cannot be loaded is told at the start
            self.log.warning("Nothing is loaded ahead for %s: %s", self._log_name, error)

    def _started_ahead(self) -> tuple[str, int] | None:
        if not AHEAD.waits(self._prefix):
            return None
        if not self._may_be_ahead:
            AHEAD.end(self._prefix)
            return None
        self.port: int = self.port or random_port()
        process = AHEAD.become(self._prefix, self.get_args(), self.get_env(), Path(self.home_dir))
        if process is None:
            self.log.info("What was loaded ahead for %s is for other settings than those of its start", self._log_name)
            return None
        self.log.info("Spawning %s in a process that was there ahead", self._log_name)
        self.proc, self.pid = process, process.pid
        return self.ip or "127.0.0.1", self.port

    def _listens_or_ended(self, ip: str, port: int) -> bool:
        return can_connect(ip, port) or self.proc.poll() is not None
