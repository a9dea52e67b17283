"""What this machine's interpreters have, asked in processes with a worker's own environment."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from gristmill.core import processes
from gristmill.environments.model import Inspected, Interpreter, Prepared

ASKING = "gristmill.worker.environments.asking"
FOLDERS = "gristmill.worker.environments.folders"
_PATIENCE = 30.0  # seconds
_REMOVING = 300.0
log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    inspected: Inspected
    stamps: Mapping[str, int]

    def holds(self) -> bool:
        """Whether no folder that packages are installed in has changed since."""
        return all(_changed_at(place) == then for place, then in self.stamps.items())


@dataclass
class Interpreters:
    """Answers are kept for as long as the folders that they come from stay as they are: then nothing is started."""

    home: Path
    _known: dict[Interpreter, _Asked] = field(default_factory=dict)
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def inspect(self, interpreter: Interpreter) -> Inspected | None:
        with self._asking:
            known = self._known.get(interpreter)
            if known is not None and known.holds():
                return known.inspected
            place = self._place(interpreter)
            asked = place and self._run([ASKING, str(self.home / "cache" / "packages"), *place], _Asked)
            if asked is None:
                return None
            if asked.stamps:
                self._known[interpreter] = asked
            return asked.inspected

    def prepared(self) -> tuple[Prepared, ...]:
        if not self._environments.is_dir():
            return ()
        return self._run([FOLDERS, str(self._environments), "list"], tuple[Prepared, ...]) or ()

    def prune(self, kept: frozenset[str]) -> tuple[Prepared, ...]:
        arguments = [FOLDERS, str(self._environments), "prune"]
        told = json.dumps(sorted(kept))
        return self._run(arguments, tuple[Prepared, ...], told=told, patience=_REMOVING) or ()

    def _place(self, interpreter: Interpreter) -> tuple[str, str] | None:
        if interpreter.kernel is not None:
            return "kernel", interpreter.kernel
        if interpreter.made is None:
            return "path", interpreter.path or ""
        made = self._environments / interpreter.made.removeprefix("sha256:") / "bin" / "python"
        return ("path", str(made)) if made.exists() else None

    @property
    def _environments(self) -> Path:
        return self.home / "cache" / "environments"

    def _run(self, arguments: list[str], kind: type[T], *, told: str = "", patience: float = _PATIENCE) -> T | None:
        try:
            done = subprocess.run(
                [sys.executable, "-m", *arguments],
                env=processes.inherited_environ(),
                input=told.encode(),
                capture_output=True,
                timeout=patience,
                check=True,
            )
            return msgspec.json.decode(done.stdout, type=kind)
        except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
            log.warning("what an environment has is not known: %s", error)
            return None


def _changed_at(place: str) -> int | None:
    try:
        return os.stat(place).st_mtime_ns  # noqa: PTH116  # some twenty at every run
    except OSError:
        return None
