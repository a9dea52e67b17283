"""Makes requirements.lock from pyproject.toml, keeping what is locked already; with `--check` only compares.

The lock holds exact versions with hashes for every platform, and no address: any index or mirror can serve it.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from tools.uv import run_uv, uv

LOCK = Path("requirements.lock")
COMPILE = (
    *("pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11"),
    *(
        "--all-extras",
        "--group",
        "dev",
        "--generate-hashes",
        "--no-header",
        "--no-emit-index-url",
        "--no-emit-find-links",
    ),
)


def faults(text: str) -> list[str]:
    """What a lock's text must not have, line by line: addresses, options, versions that float, files without a hash."""
    lines = list(enumerate(text.splitlines(), 1))
    found = [f"line {number} names an address: {line}" for number, line in lines if "://" in line]
    for number, line in lines:
        if line.startswith((" ", "#")):
            continue
        if "==" not in line:
            found.append(f"line {number} is no exact version: {line}")
        elif not line.endswith("\\"):
            found.append(f"line {number} has no hash: {line}")
    return found


def is_current() -> bool:
    """Whether resolving again, what is locked preferred, changes nothing; asks the index only for what uv lacks."""
    with tempfile.TemporaryDirectory() as folder:
        again = Path(shutil.copy(LOCK, folder))
        if run_uv(*COMPILE, "--output-file", again, "--offline").returncode != 0:
            uv(*COMPILE, "--output-file", again)
        return again.read_text() == LOCK.read_text()


def main(arguments: list[str]) -> int:
    if arguments != ["--check"]:
        uv(*COMPILE, "--output-file", LOCK, *arguments)
        return 0
    found = faults(LOCK.read_text())
    if not is_current():
        found.append("it is not what pyproject.toml asks for: run `make lock` and commit it")
    print("\n".join(f"{LOCK}: {fault}" for fault in found))
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
