"""Starts a person's server as a process of this machine."""

from functools import partial

from jupyterhub.spawner import SimpleLocalProcessSpawner
from jupyterhub.utils import can_connect, exponential_backoff

BETWEEN_LOOKS = 0.05  # seconds


class LocalSpawner(SimpleLocalProcessSpawner):  # type: ignore[misc]  # it has no types
    """Has started when its server listens. The hub's own looks become rare, and find it up to seconds later."""

    async def start(self) -> tuple[str, int]:
        ip, port = await super().start()
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

    def _listens_or_ended(self, ip: str, port: int) -> bool:
        return can_connect(ip, port) or self.proc.poll() is not None
