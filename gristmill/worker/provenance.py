"""What the worker knows about where a run's result came from: interpreter, packages, kernel, device."""

import platform
import sys
import threading
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec

import gristmill
from gristmill.worker.device import device_facts
from gristmill.worker.packages import installed, interpreter_of


class Provenance:
    """Gathered in a thread while the kernel starts and works; nobody waits for it before the end."""

    def __init__(self, name: str, spec: KernelSpec, *, cache: Path, scratch: Path) -> None:
        self._facts: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._gather, args=(name, spec, cache, scratch), daemon=True)
        self._thread.start()

    def facts(self, wait: float) -> dict[str, Any]:
        """All of it, or what is there when the wait is over."""
        self._thread.join(wait)
        return dict(self._facts)

    def _gather(self, name: str, spec: KernelSpec, cache: Path, scratch: Path) -> None:
        kernel: dict[str, Any] = {"name": name, "language": spec.language, "argv": list(spec.argv)}
        self._facts["gristmill"] = gristmill.__version__
        self._facts["worker_python"] = platform.python_version()
        self._facts["kernel"] = kernel
        self._facts["device"] = device_facts()
        interpreter = interpreter_of(spec.argv, sys.executable)
        if interpreter and (found := installed(interpreter, cache, scratch=scratch)):
            self._facts["kernel"] = {**kernel, "interpreter": interpreter, "python": found.pop("python")}
            self._facts["environment"] = found
