"""What a worker writes: passed on to the supervisor's own log, its end kept for the message of a failure."""

import asyncio
import os
import sys

_KEPT = 8 * 1024
_CHUNK = 64 * 1024


class WorkerOutput:
    """`write_end` is the worker's stdout and stderr; to be closed here once the worker has it. Inside the loop."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._tail = b""
        self._open = True
        asyncio.get_running_loop().add_reader(self._read_end, self._pass_on)

    @property
    def tail(self) -> str:
        """The last that it wrote, all of what has arrived by now."""
        self._drain()
        return self._tail.decode(errors="replace")

    def close(self) -> None:
        """After the worker has ended; what it left behind may hold the pipe open for ever."""
        self._drain()
        self._end()

    def _drain(self) -> None:
        while self._open and self._pass_on():
            pass

    def _end(self) -> None:
        if self._open:
            self._open = False
            asyncio.get_running_loop().remove_reader(self._read_end)
            os.close(self._read_end)

    def _pass_on(self) -> bool:
        """Whether there may be more."""
        try:
            data = os.read(self._read_end, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._end()
            return False
        self._tail = (self._tail + data)[-_KEPT:]
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()
        return True
