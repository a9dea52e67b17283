"""The client of a kernel that has just been started."""

import asyncio
import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

_REPLY = 1.0  # seconds until a question is asked again
_CONNECTED = 0.2  # seconds in which the output of an answered question arrives, where output is heard at all


class PromptKernelClient(AsyncKernelClient):
    """Ready as soon as a question was answered and its output heard to the end. jupyter_client's own waits on until
    nothing has come for a fifth of a second.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as its base class has it
        """Returns when the kernel answers on both channels.

        Raises:
            RuntimeError: it died, or the time is over.
        """
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        while not await self._answers():
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > until:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

    async def _answers(self) -> bool:
        question = self.kernel_info()
        try:
            async with asyncio.timeout(_REPLY):
                while not _is(await self.shell_channel.get_msg(), question, "kernel_info_reply"):
                    pass
            while True:
                message = await self.iopub_channel.get_msg(timeout=_CONNECTED)
                if _is(message, question, "status") and message["content"]["execution_state"] == "idle":
                    return True
        except (Empty, TimeoutError):
            return False


def _is(message: dict[str, Any], question: str, kind: str) -> bool:
    return bool(message["parent_header"].get("msg_id") == question and message["msg_type"] == kind)
