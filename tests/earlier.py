"""Earlier versions of Gristmill, from this repository's own history, run beside this one."""

import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
# By their newest schema. Add one when what a database or a worker says has changed and this is released.
COMMITS = {
    "0001": "8f5c001804e1e1a900a9a8900b0b891230ae7fee",
    "0013": "7f142f1cad310a014fc962ba19b7ed8f102b9aeb",
}
PATIENCE = 240.0


@dataclass(frozen=True)
class Earlier:
    """The code of one commit, unpacked; it runs with the packages of this environment."""

    commit: str
    folder: Path

    def run(self, script: str, *arguments: str | Path, **environ: str) -> str:
        """What the script prints; it may start processes that live on, and they are of that code too."""
        # What an earlier version does is none of this one's coverage.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        ran = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env={**kept, **environ, "PYTHONPATH": f"{self.folder}:{self.folder / 'kernels'}"},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode == 0, f"{self.commit}: {ran.stdout}\n{ran.stderr}"
        return ran.stdout.strip()


def known(commit: str) -> bool:
    """Whether the history here has it: that of a shallow clone may not."""
    return bool(_git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"))


def unpacked(commit: str, folder: Path) -> Earlier:
    archive = folder / "archive.tar"
    _git("archive", "--format=tar", f"--output={archive}", commit)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()
    return Earlier(commit, folder)


def _git(*arguments: str) -> str:
    """Its answer; nothing where there is neither git nor a repository."""
    git = shutil.which("git")
    if git is None:
        return ""
    ran = subprocess.run([git, "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=60, check=False)
    return ran.stdout.strip() if ran.returncode == 0 else ""
