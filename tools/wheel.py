"""Builds the wheel and compares it with the tree: all of `gristmill/` and `kernels/` is in it, the licence, no more."""

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tools.uv import uv


def build_wheel(folder: Path) -> Path:
    uv("build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder)
    return next(folder.glob("*.whl"))


def tracked() -> set[str]:
    """The packages' files as git sees them, those not yet added included, where they are in a wheel."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "gristmill", "kernels")
    names = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name.removeprefix("kernels/") for name in names if Path(name).is_file()}


def differences(packed: Iterable[str], wanted: set[str]) -> list[str]:
    """What a wheel of these names has too much and too little."""
    files = {re.sub(r"^[^/]+\.data/data/", "", name) for name in packed if ".dist-info/" not in name}
    told = {name.split(".dist-info/")[1] for name in packed if ".dist-info/" in name}
    lacking = {"METADATA", "entry_points.txt", "licenses/LICENSE"} - told
    return [
        *(f"lacks {name}" for name in sorted(wanted - files)),
        *(f"lacks dist-info/{name}" for name in sorted(lacking)),
        *(f"has {name}, which is no file of the tree" for name in sorted(files - wanted)),
    ]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        with zipfile.ZipFile(wheel) as archive:
            found = differences(archive.namelist(), tracked())
    print("\n".join(f"{wheel.name} {difference}" for difference in found))
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
