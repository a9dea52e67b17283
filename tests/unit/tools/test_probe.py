import json
import subprocess
import sys
from pathlib import Path

PROBE = Path(__file__).parents[3] / "tools" / "probe.py"


def probe(**wanted: list[str]) -> subprocess.CompletedProcess[str]:
    told = {"packages": [], "modules": [], "lacks": [], "unloaded": [], **wanted}
    return subprocess.run([sys.executable, PROBE, json.dumps(told)], capture_output=True, text=True, check=False)


def test_all_modules_of_a_package_are_imported() -> None:
    done = probe(packages=["email"], lacks=["no_such_package"])
    assert done.returncode == 0
    assert "email.mime" not in done.stdout
    assert int(done.stdout.split()[0]) > 20


def test_a_module_that_cannot_be_imported_fails_the_probe() -> None:
    done = probe(modules=["no_such_module"])
    assert done.returncode == 1
    assert "No module named 'no_such_module'" in done.stderr


def test_a_package_that_should_not_be_there_fails_the_probe() -> None:
    assert probe(lacks=["json"]).stdout.strip() == "0 modules imported; json is installed"


def test_a_module_that_came_along_fails_the_probe() -> None:
    assert "email was imported" in probe(modules=["email.message"], unloaded=["email"]).stdout
