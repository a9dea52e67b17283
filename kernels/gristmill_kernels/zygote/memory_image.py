"""What others see of this process in `/proc`: its environment and its arguments.

Both are the memory that the kernel filled at exec. A forked child shows its zygote's, although `GRISTMILL_ATTEMPT` in a
process's environment is how the platform finds what belongs to an attempt. So a zygote is started with padding in both,
and a child writes its own over them, in place (proc(5), `/proc/pid/environ`: "the initial environment").
"""

from __future__ import annotations

import ctypes

# Fields of proc(5) `/proc/pid/stat`, counted from the one behind the name: arg_start, arg_end, env_start, env_end.
_ARG_START, _ARG_END, _ENV_START, _ENV_END = 45, 46, 47, 48
ENOUGH = 4096  # bytes: less than this cannot be what our launcher made


class MemoryImage:
    """The two areas of this process; children have them at the same addresses."""

    def __init__(self) -> None:
        with open("/proc/self/stat", "rb") as file:  # as little as possible is loaded
            fields = file.read().rpartition(b")")[2].split()
        self._arguments = (int(fields[_ARG_START]), int(fields[_ARG_END]))
        self._environ = (int(fields[_ENV_START]), int(fields[_ENV_END]))

    @property
    def usable(self) -> bool:
        return all(begin and end - begin >= ENOUGH for begin, end in (self._arguments, self._environ))

    def write(self, argv: list[str], environ: dict[bytes, bytes]) -> None:
        """Shows these from now on. What does not fit is left out, marks of Gristmill last.

        Nothing in this process may point into the old environment any more: `os.environ` was emptied before.
        """
        _fill(self._arguments, [argument.encode(errors="surrogateescape") for argument in argv])
        marks_first = sorted(environ, key=lambda name: not name.startswith(b"GRISTMILL_"))
        _fill(self._environ, [name + b"=" + environ[name] for name in marks_first])


def _fill(area: tuple[int, int], texts: list[bytes]) -> None:
    begin, end = area
    size = end - begin
    content = b""
    for text in texts:
        if len(content) + len(text) + 1 < size:
            content += text + b"\0"
    ctypes.memset(begin, 0, size)
    ctypes.memmove(begin, content, len(content))
