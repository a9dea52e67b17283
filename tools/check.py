"""Runs every check, or those named, as many at a time as there are cores; each says its name and its time once it is
over, a failed one what it said.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BIN = Path(sys.executable).parent
PYTHON = sys.executable

STEPS: Mapping[str, tuple[str | Path, ...]] = {
    # By far the slowest, most of it waiting for packages: it goes on while the others pass.
    "extras": (PYTHON, "-m", "tools.extras"),
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
}


def passes(name: str) -> bool:
    began = time.monotonic()
    step = subprocess.run(STEPS[name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    failed = step.returncode != 0
    told = f"check: {name} {'FAILED' if failed else 'ok'} ({time.monotonic() - began:.1f} s)\n"
    print(told + (step.stdout if failed else ""), end="", flush=True)
    return not failed


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        print(f"check: no step {', '.join(unknown)}; there are: {', '.join(STEPS)}")
        return 2
    chosen = names or list(STEPS)
    with ThreadPoolExecutor(os.cpu_count()) as several:
        failed = [name for name, passed in zip(chosen, several.map(passes, chosen), strict=True) if not passed]
    print(f"check: failed: {', '.join(failed)}" if failed else "check: all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
