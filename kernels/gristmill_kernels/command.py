"""The command of a kernelspec, where it is one that a zygote can take the place of."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MODULES = ("ipykernel_launcher", "ipykernel")
_ELF = b"\x7fELF"


@dataclass(frozen=True, kw_only=True)
class Command:
    """`interpreter flags -m module arguments`."""

    interpreter: str
    flags: tuple[str, ...]
    module: str
    arguments: tuple[str, ...]

    @property
    def argv(self) -> list[str]:
        return [self.interpreter, *self.flags, "-m", self.module, *self.arguments]


def read_command(argv: Sequence[str], environ: Mapping[str, str], modules: Sequence[str] = _MODULES) -> Command | None:
    """None for what is not a Python with one of `modules`: another language, a script in front of the interpreter,
    flags that change what it sees at its start.
    """
    arguments = [os.path.expanduser(part) for part in argv]  # noqa: PTH111  # as jupyter_client does, to any argument
    interpreter = arguments and shutil.which(arguments[0], path=environ.get("PATH"))
    if not interpreter or not _is_python(interpreter) or "-m" not in arguments:
        return None
    at = arguments.index("-m")
    flags = tuple(arguments[1:at])
    if any(not flag.startswith("-X") or flag == "-X" for flag in flags) or len(arguments) < at + 2:
        return None
    if (module := arguments[at + 1]) not in modules:
        return None
    return Command(interpreter=interpreter, flags=flags, module=module, arguments=tuple(arguments[at + 2 :]))


def _is_python(path: str) -> bool:
    """An interpreter itself, not a shell script in its place."""
    if not os.path.basename(path).startswith("python"):  # noqa: PTH119  # argv is strings
        return False
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # the same
            return file.read(4) == _ELF
    except OSError:
        return False
