"""Builds container images: `python -m tools.images [NAME …]`, all of hub/images where none is named.

`IMAGE_BUILDER` is the command that builds, and brings the image to where it is to run: it is called with
`NAME:TAG --file DOCKERFILE CONTEXT`, for as many images at a time as there are cores. Without it, `docker build`.
`IMAGE_SIZE` is the command that prints how many bytes an image has uncompressed: it is called with `NAME:TAG`. Without
both of them, `docker image inspect`.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from gristmill_hub import proxy
from gristmill_hub.settings import JUPYTER

from tools.uv import uv
from tools.wheel import build_wheel

IMAGES = Path("hub/images")
LOCK = Path("requirements.lock")
PREFIX = "gristmill"
_SIZE = "docker image inspect --format {{.Size}}"
_COMPILE = (
    *("pip", "compile", "--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28"),
    *("--constraint", LOCK, "--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url"),
)


def build(name: str, file: Path, context: Path) -> str:
    """The image's name, once it is there.

    Raises:
        CalledProcessError: the builder failed; what it said stands above.
    """
    given = os.environ.get("IMAGE_BUILDER")
    if given:
        command = [*shlex.split(given), name, "--file", str(file), str(context)]
    else:
        command = ["docker", "build", "--quiet", "--tag", name, "--file", str(file), str(context)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return name


def size_of(name: str) -> int | None:
    """Bytes, uncompressed; None where another builder has the image, and nothing is named that says it.

    Raises:
        CalledProcessError: what was to say it failed.
        ValueError: it said something else.
    """
    given = os.environ.get("IMAGE_SIZE")
    if not given and os.environ.get("IMAGE_BUILDER"):
        return None
    command = [*shlex.split(given or _SIZE), name]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    if not said.isdecimal():
        raise ValueError(f"{shlex.join(command)} said {said[:80]!r}: expected a number of bytes")
    return int(said)


def fault(name: str, size: int | None, most: int | None) -> str | None:
    """What is wrong with an image of this size, of which `most` may be."""
    if size is None or most is None or size <= most:
        return None
    return f"{name} has {in_words(size)}: expected {in_words(most)} at most (hub/images/images.yaml)"


def in_words(size: int | None) -> str:
    return "of unknown size: IMAGE_SIZE names no command" if size is None else f"{size / 1e9:.2f} GB"


def described() -> dict[str, dict[str, Any]]:
    """What is said of each image, by its name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((IMAGES / "images.yaml").read_text())
    return found


def tag() -> str:
    return str(tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"])


def build_ours(name: str, wheel: Path) -> str:
    image = described()[name]
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        shutil.copy(wheel, context)
        _pin(["uv"], [], context / "build.txt")
        _pin(image.get("packages", []), image["extras"], context / "requirements.txt")
        (context / "files").mkdir()
        if image.get("proxy"):
            proxy.install(context / "files")
        if image.get("jupyter"):
            shutil.copytree(JUPYTER, context / "files" / "etc" / "jupyter")
        return build(f"{PREFIX}-{name}:{tag()}", IMAGES / "Dockerfile", context)


def _pin(packages: list[str], extras: list[str], file: Path) -> None:
    """The packages with all that they need, exactly as the lock has them."""
    more = file.with_suffix(".in")
    more.write_text("\n".join(packages))
    ours = ["pyproject.toml", *(f"--extra={extra}" for extra in extras)] if extras else []
    uv(*_COMPILE, *ours, more, "--output-file", file)
    more.unlink()


def main(names: list[str]) -> int:
    known = described()
    if unknown := set(names) - known.keys():
        print(f"no image {', '.join(sorted(unknown))}: expected some of {', '.join(known)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))

        def finished(name: str) -> str | None:
            began = time.monotonic()
            built = build_ours(name, wheel)
            took, size = time.monotonic() - began, size_of(built)
            print(f"{built}  {took:.0f} s  {in_words(size)}", flush=True)
            return fault(built, size, known[name].get("most"))

        # One build keeps a core busy, and the network or the disk by turns.
        with ThreadPoolExecutor(os.cpu_count()) as several:
            told = [one for one in several.map(finished, names or known) if one]
    print("\n".join(told), end="\n" if told else "", file=sys.stderr)
    return 1 if told else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
