"""Messages to a kernel that nobody else of the machine reads or sends."""

import os
import uuid
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir

_LONGEST_SOCKET = 103  # bytes of a Unix socket's path on macOS; Linux takes 107
_SUFFIX = "-ipc-5"  # of the last of its five sockets


def make_private(manager: Any) -> None:
    """Before a manager has its kernel's connection: Unix sockets in a folder of one's own, where their paths are short
    enough, else encryption, where the kernel knows how. What somebody has configured stays.
    """
    if manager.transport != "tcp" or _is_configured(manager) or Path(manager.connection_file or "/").is_file():
        return
    file = Path(manager.connection_file or Path(jupyter_runtime_dir(), f"kernel-{uuid.uuid4()}.json")).absolute()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sockets = file.with_suffix("")
    if len(os.fsencode(f"{sockets}{_SUFFIX}")) <= _LONGEST_SOCKET and _is_own(file.parent):
        manager.connection_file = str(file)
        manager.transport = "ipc"
        manager.cache_ports = False  # of TCP
        manager.ip = f"{sockets}-ipc"
    elif manager.has_trait("transport_encryption") and manager.transport_encryption == "disabled":
        manager.transport_encryption = "auto"


def _is_configured(manager: Any) -> bool:
    """Its transport or address, by a configuration file or a command line."""
    sections = (manager.config.get(kind.__name__, {}) for kind in type(manager).__mro__)
    return any(name in section for section in sections for name in ("transport", "ip"))


def _is_own(folder: Path) -> bool:
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o077
