"""Builds the wheel and compares it with the tree: all packages, the Lab extension, the licence, and no more."""

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tools.uv import uv

LABEXTENSION = "lab_extension/gristmill_lab/labextension/"
EXAMPLE = "notebooks/examples/churn"
HUB_CONFIG = "jupyterhub_config.py"
FOLDERS = (
    *("gristmill", "hub/gristmill_hub", HUB_CONFIG, "kernels"),
    *("lab_extension/gristmill_lab", "lab_extension/share", EXAMPLE),
)
# Where in the wheel a folder of the tree comes to.
MOVED = {
    "hub/": "",
    HUB_CONFIG: f"share/gristmill/{HUB_CONFIG}",
    "kernels/": "",
    LABEXTENSION: "share/jupyter/labextensions/gristmill-lab/",
    "lab_extension/gristmill_lab/": "gristmill_lab/",
    "lab_extension/share/": "etc/jupyter/",
    f"{EXAMPLE}/": "share/gristmill/examples/churn/",
}
PLACES = re.compile(f"^({'|'.join(sorted(MOVED, key=len, reverse=True))})")


def build_wheel(folder: Path) -> Path:
    uv("build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder)
    return next(folder.glob("*.whl"))


def tracked() -> set[str]:
    """The packages' files as git sees them, those not yet added included, where they are in a wheel."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", *FOLDERS)
    names = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()
    found = {name for name in names if Path(name).is_file()} | built()
    return {PLACES.sub(lambda place: MOVED[place[0]], name) for name in found}


def built() -> set[str]:
    """The browser half, which git does not see."""
    folder = Path(LABEXTENSION.rstrip("/"))
    return {str(path) for path in folder.rglob("*") if path.is_file()}


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
