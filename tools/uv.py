"""The uv that the lock names, as this environment has it."""

import subprocess
import sys
from pathlib import Path

UV = Path(sys.executable).with_name("uv")


def uv(*arguments: str | Path) -> None:
    """Runs `uv`; what it has to say appears only if it fails, which ends this process with its status."""
    ran = run_uv(*arguments)
    if ran.returncode != 0:
        print(f"uv {' '.join(map(str, arguments))}\n{ran.stdout}")
        raise SystemExit(ran.returncode)


def run_uv(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [UV, "--no-progress", "--color", "never", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
