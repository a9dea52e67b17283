"""Installs the wheel with one extra at a time, each in an environment of its own, and imports what the extra is for."""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.uv import uv
from tools.wheel import build_wheel

ROOT = Path(__file__).parents[1]
PROBE = Path(__file__).with_name("probe.py")
SERVER_ONLY = ("alembic", "fastapi", "sqlalchemy")
KUBERNETES = (
    *("gristmill.core.kubernetes", "gristmill.core.kubernetes_pods"),
    *("gristmill.endpoints.backends.kubernetes", "gristmill.runs.executors.kubernetes"),
)
LOADED_BY_THE_HUB = ("gristmill_hub.local_spawner",)
MODEL_LIBRARIES = ("mlflow", "numpy", "optuna", "pandas", "sklearn")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What is imported in one fresh interpreter: whole packages or single modules, and what must not come with it."""

    packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()  # not even installed
    unloaded: tuple[str, ...] = ()  # installed, perhaps, but not imported by this
    without: tuple[str, ...] = ()  # modules of the packages that are for another extra, or loaded elsewhere


NO_WORDS = {"cli", "client", "core", "server", "serving", "worker"}
WORDS = sorted({place.parent.name for place in (ROOT / "gristmill").glob("*/__init__.py")} - NO_WORDS)
ENVIRONMENTS: dict[str, tuple[Probe, ...]] = {
    "": (
        Probe(modules=("gristmill",), packages=("gristmill.client",), lacks=(*SERVER_ONLY, "mlflow", "papermill")),
        Probe(packages=("gristmill.cli",), lacks=MODEL_LIBRARIES),
    ),
    "server": (
        Probe(
            packages=("gristmill.core", "gristmill.server", *(f"gristmill.{word}" for word in WORDS)),
            lacks=("papermill", "ipykernel", "lightkube"),
            unloaded=(*MODEL_LIBRARIES, "papermill"),
            without=KUBERNETES,
        ),
    ),
    "server,kubernetes": (Probe(modules=KUBERNETES, unloaded=MODEL_LIBRARIES),),
    "worker": (Probe(packages=("gristmill.worker",), lacks=(*SERVER_ONLY, "mlflow")),),
    "lab": (Probe(packages=("gristmill_lab",), unloaded=(*SERVER_ONLY, *MODEL_LIBRARIES)),),
    "widgets": (Probe(packages=("gristmill_lab.widgets",), lacks=(*SERVER_ONLY, "jupyter_server", "mlflow")),),
    "hub": (
        Probe(
            packages=("gristmill_hub",),
            unloaded=("jupyterhub", *SERVER_ONLY, *MODEL_LIBRARIES),
            without=LOADED_BY_THE_HUB,
        ),
        Probe(modules=LOADED_BY_THE_HUB, unloaded=MODEL_LIBRARIES),
    ),
    "serving": (Probe(packages=("gristmill.serving",), lacks=("papermill", "ipykernel"), unloaded=("mlflow",)),),
}


def install(extra: str, wheel: Path, folder: Path) -> Path:
    """The interpreter of a new environment with the wheel and that extra, in the lock's versions."""
    uv("venv", "--python", sys.executable, folder)
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    python = folder / "bin" / "python"
    uv("pip", "install", "--python", python, "--constraint", "requirements.lock", wanted)
    return python


def passes(python: Path, probe: Probe) -> bool:
    # Isolated, so that the tree beside it does not stand in for what the wheel lacks.
    command: list[str | Path] = [python, "-I", PROBE, json.dumps(asdict(probe))]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(f"  {', '.join((*probe.packages, *probe.modules))}: {ran.stdout.strip()}")
    return ran.returncode == 0


def main() -> int:
    kept: list[bool] = []
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        for extra, probes in ENVIRONMENTS.items():
            print(f"gristmill[{extra}]" if extra else "gristmill", flush=True)
            python = install(extra, wheel, Path(folder) / (extra or "base"))
            kept += [passes(python, probe) for probe in probes]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
