"""Widely used libraries as they are published: an environment of them, and the examples that their sources carry.

Which versions is said here; where they are fetched from is the machine's configuration, as for any other package.
"""

import hashlib
import io
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

import httpx

UV = Path(sys.executable).with_name("uv")
PATIENCE = 900.0

# Those whose notebooks are run, each with the digest of its source distribution.
SOURCES = {
    "arch==8.0.0": "5e9895c2354b9475aff50797ff2191dc64dc5f79602baf0c9321310fb864b637",
    "control==0.10.2": "d0cf63f6cfb68a4c8e827c26c3744d129e9777fedc9a5d86ca4740548f23a98b",
    "corner==2.3.0": "685ecb1e778809b78c6783f4a4691d023bbd9f781c9efda683c2b793878b561c",
    "emcee==3.1.6": "11af4daf6ab8f9ca69681e3c29054665db7bbd87fd4eb8e437d2c3a1248c637d",
    "imbalanced-learn==0.14.2": "f80ce7eafbcece8686e32571bd12978546c729c3f277215bead61a906ce9afe4",
    "iminuit==2.33.0": "275f3daa1d4f8c33579b96276d7c5fb680a7cfb6fb8bea9a4245a1500d5d328b",
    "linearmodels==7.1": "870ed2be6aac0550e89abd38bc37b0353762ca8ef6247290b87baca08f37f2a8",
    "mesa==3.3.1": "53faf7a8d9746fe4e35030d156f55528a751a44ce9e6b4f5abfc1185cc3e881f",
    "statsmodels==0.15.0": "5d257fe58d0772bc46a557880ca78e2a8e07fec7bfd9d11074aef8e33e1aecbc",
}
# What the notebooks import beside them.
BESIDE = (
    "boost-histogram==1.8.1",
    "jacobi==0.9.2",
    "joblib==1.6.0",
    "ipykernel==7.1.0",
    "ipywidgets==8.1.9",
    "matplotlib==3.11.2",
    "networkx==3.6.1",
    "numba==0.68.1",
    "numba-stats==1.14.0",
    "numpy==2.4.6",
    "pandas==3.0.6",
    "scikit-learn==1.9.1",
    "scipy==1.17.1",
    "seaborn==0.13.2",
    "tabulate==0.10.0",
    "tqdm==4.70.1",
    "xarray==2026.9.0",
)


@dataclass(frozen=True)
class Libraries:
    """`environment` has them installed and nothing of Gristmill; `sources` holds what each was built from."""

    environment: Path
    sources: Path


def fetched(folder: Path) -> Libraries:
    """Resolved, installed and unpacked in this folder; what is there already is fetched no second time."""
    sources = folder / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(_project())
    for command in (["lock"], ["sync", "--frozen"]):
        ran = subprocess.run(
            [UV, *command, "--quiet", "--python", sys.executable],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode == 0, f"uv {command}: {ran.stderr}"
    locked = tomllib.loads((folder / "uv.lock").read_text())["package"]
    for wanted, digest in SOURCES.items():
        name, _, version = wanted.partition("==")
        (one,) = (one for one in locked if one["name"] == name)
        if not (sources / _folder(name, version)).exists():
            _unpack(one["sdist"]["url"], digest, sources)
    return Libraries(folder / ".venv", sources)


def _project() -> str:
    """A project of nothing but these requirements, for the Python that is running."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return "\n".join(
        [
            "[project]",
            'name = "published"',
            'version = "0"',
            f'requires-python = "=={python}.*"',
            f"dependencies = {[*SOURCES, *BESIDE]}",
            "[tool.uv]",
            "package = false",
            f"environments = [\"sys_platform == '{sys.platform}'\"]",
        ]
    )


def _unpack(address: str, digest: str, folder: Path) -> None:
    answer = httpx.get(address, follow_redirects=True, timeout=120.0).raise_for_status()
    assert hashlib.sha256(answer.content).hexdigest() == digest, f"{address} is not what was published"
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        tar.extractall(folder, filter="data")


def _folder(name: str, version: str) -> str:
    return f"{name.replace('-', '_')}-{version}"
