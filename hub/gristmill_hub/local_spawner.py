"""Starts a person's server as a process of this machine."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from jupyterhub.spawner import SimpleLocalProcessSpawner
from jupyterhub.utils import can_connect, exponential_backoff, random_port, url_escape_path, url_path_join

from gristmill_hub.ahead import COMMAND, ServerAhead

BETWEEN_LOOKS = 0.05  # seconds
UNTIL_GIVEN_UP = 600.0  # seconds after the page of profiles was looked at last, and nothing was started


class LocalSpawner(SimpleLocalProcessSpawner):  # type: ignore[misc]  # it has no types
    """Has started when its server listens. The hub's own looks become rare, and find it up to seconds later."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._ahead = ServerAhead(COMMAND)
        self._given_up: asyncio.TimerHandle | None = None

    async def get_options_form(self) -> str:
        """Whoever looks at it will want a server."""
        form = str(await super().get_options_form())
        if form:
            self._prepare()
        return form

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
        known = not any(map(callable, self.environment.values()))
        return known and not self.shell_cmd and not self.popen_kwargs and self.cmd == list(COMMAND)

    def _prepare(self) -> None:
        if not self._may_be_ahead:
            return
        self._ahead.prepare({**self.get_env(), "JUPYTERHUB_SERVICE_PREFIX": self._prefix}, Path(self.home_dir))
        if self._given_up is not None:
            self._given_up.cancel()
        self._given_up = asyncio.get_running_loop().call_later(UNTIL_GIVEN_UP, self._ahead.end)

    @property
    def _prefix(self) -> str:
        """What the hub will say once it is asked for the server."""
        return str(url_path_join(self.user.base_url, url_escape_path(self.name), "/"))

    def _started_ahead(self) -> tuple[str, int] | None:
        if not self._may_be_ahead or not self._ahead.waits:
            return None
        self.port: int = self.port or random_port()
        process = self._ahead.become(self.get_args(), self.get_env(), Path(self.home_dir))
        if process is None:
            self._ahead.end()
            return None
        self.log.info("Spawning %s in a process that was there ahead", self._log_name)
        self.proc, self.pid = process, process.pid
        return self.ip or "127.0.0.1", self.port

    def _listens_or_ended(self, ip: str, port: int) -> bool:
        return can_connect(ip, port) or self.proc.poll() is not None
