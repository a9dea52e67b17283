"""Runs every check, or those named, one after the other; each says its name and its time, a failed one what it said."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

BIN = Path(sys.executable).parent
PYTHON = sys.executable

STEPS: Mapping[str, tuple[str | Path, ...]] = {
    "format": (BIN / "ruff", "format", "--check", "."),
    "lint": (BIN / "ruff", "check", "."),
    "types": (
        BIN / "mypy",
        "gristmill",
        "hub/gristmill_hub",
        "kernels/gristmill_kernels",
        "lab_extension/gristmill_lab",
        "tests",
        "tools",
    ),
    "arrows": (BIN / "lint-imports", "--no-logo", "--no-cache"),  # its cache does not notice a new module
    "lab-format": (PYTHON, "-m", "tools.lab", "format"),
    "lab-lint": (PYTHON, "-m", "tools.lab", "lint"),
    "lab-types": (PYTHON, "-m", "tools.lab", "types"),
    "lab-test": (PYTHON, "-m", "tools.lab", "test"),
    "lab-wire": (PYTHON, "-m", "tools.wire", "--check"),
    "lock": (PYTHON, "-m", "tools.lock", "--check"),
    "docs": (PYTHON, "-m", "tools.docs"),
    "changelog": (BIN / "towncrier", "build", "--draft", "--version", "next"),
    "wheel": (PYTHON, "-m", "tools.wheel"),
    "extras": (PYTHON, "-m", "tools.extras"),
}


def passes(name: str) -> bool:
    print(f"check: {name} ", end="", flush=True)
    began = time.monotonic()
    step = subprocess.run(STEPS[name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(f"{'ok' if step.returncode == 0 else 'FAILED'} ({time.monotonic() - began:.1f} s)", flush=True)
    if step.returncode != 0:
        print(step.stdout, flush=True)
    return step.returncode == 0


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        print(f"check: no step {', '.join(unknown)}; there are: {', '.join(STEPS)}")
        return 2
    failed = [name for name in names or STEPS if not passes(name)]
    print(f"check: failed: {', '.join(failed)}" if failed else "check: all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
