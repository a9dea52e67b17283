"""What a model was logged with against what is installed here."""

import platform
import re
from importlib import metadata

from gristmill.serving.artifact import ModelFolder

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:(==|===)\s*([^\s;,]+))?")
# Modules that are not named like the package that brings them.
_PACKAGES = {
    "sklearn": ("scikit-learn",),
    "xgboost": ("xgboost-cpu", "xgboost"),
    "cv2": ("opencv-python-headless", "opencv-python"),
    "PIL": ("pillow",),
    "yaml": ("pyyaml",),
    "skimage": ("scikit-image",),
    "bs4": ("beautifulsoup4",),
    "dateutil": ("python-dateutil",),
    "google.protobuf": ("protobuf",),
    "torch": ("torch",),
}


def normal(name: str) -> str:
    """The name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(folder: ModelFolder) -> dict[str, str | None]:
    """The model's required packages; the version where it is pinned to one."""
    found = (_REQUIREMENT.match(line) for line in folder.requirements)
    return {normal(match[1]): match[3] for match in found if match}


def is_required(folder: ModelFolder, module: str) -> bool:
    """Whether one of the packages that the model asks for brings `module`, as far as names tell."""
    top = module.partition(".")[0]
    return not pins(folder).keys().isdisjoint(normal(name) for name in _PACKAGES.get(top, (top,)))


def installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def install_line(folder: ModelFolder, module: str) -> str:
    """`pip install …` for what brings `module`, with the version that the model asks for."""
    top = module.partition(".")[0]
    wanted = pins(folder)
    candidates = [normal(name) for name in _PACKAGES.get(top, (top,))]
    package = next((name for name in candidates if name in wanted), candidates[0])
    version = wanted.get(package)
    return f"pip install {package}=={version}" if version else f"pip install {package}"


def differences(folder: ModelFolder, *, leave_out: frozenset[str] = frozenset()) -> list[str]:
    """One sentence for each package, and Python, whose version here is not the model's."""
    lines = []
    if folder.python_version and _minor(folder.python_version) != _minor(platform.python_version()):
        lines.append(f"the model was logged with Python {folder.python_version}, here is {platform.python_version()}")
    for package, version in pins(folder).items():
        here = installed(package)
        if version and here and here != version and package not in leave_out:
            lines.append(f"the model asks for {package}=={version}, here is {here}")
    return lines


def _minor(version: str) -> tuple[str, ...]:
    return tuple(version.split(".")[:2])
