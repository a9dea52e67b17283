"""Environments by commands: made of requirements once, or taken as they are."""

import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from site import getsitepackages

import pytest

from tests.integration.cli.conftest import Run as Gristmill
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.integration.kernels.test_zygote import user_environment
from tests.wheels import make_wheel, wheels_of_installed

pytestmark = pytest.mark.slow

USES = "import tinything\nimport sys\nprint(tinything.VALUE, sys.prefix)"


@pytest.fixture(scope="module", autouse=True)
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the person's uv installs from: a folder, set before the control plane starts."""
    wheels = tmp_path_factory.mktemp("wheels")
    wheels_of_installed(wheels, "ipykernel")
    make_wheel(wheels, "tinything", "1.0", {"tinything/__init__.py": "VALUE = 'forty-one'\n"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_FIND_LINKS", str(wheels))
        patch.setenv("UV_OFFLINE", "1")
        patch.setenv("UV_CACHE_DIR", str(tmp_path_factory.mktemp("uv")))
        yield


@pytest.fixture
def project(tmp_path: Path, notebook: WriteNotebook) -> Path:
    notebook(USES)
    (tmp_path / "requirements.txt").write_text("tinything  # ours\n")
    return tmp_path


@pytest.fixture
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with what kernels need and a package of its own."""
    own = next(Path(place) for place in sys.path if place.endswith("site-packages"))
    folder = tmp_path_factory.mktemp("users") / "venv"
    user_environment(folder, own)
    package = site(folder) / "tinything"
    package.mkdir()
    (package / "__init__.py").write_text("VALUE = 'forty-two'\n")
    return folder


def site(environment: Path) -> Path:
    return next((environment / "lib").glob("python*")) / "site-packages"


@pytest.mark.timeout(600)
def test_requirements_are_resolved_once_made_once_and_shared(
    gristmill: Gristmill, project: Path, control_plane: ControlPlane
) -> None:
    refused = gristmill("run", "work.ipynb", status=3).err
    assert "the notebook imports tinything (cell 1), which kernel python3 lacks" in refused
    assert "--requirements requirements.txt && gristmill run work.ipynb --environment" in refused

    added = gristmill("environments", "add", "own", "--requirements", "requirements.txt", "--json")
    assert "ipykernel is added" in added.err
    names = {one.partition("==")[0] for one in added.json["packages"]}
    assert {"tinything", "ipykernel"} <= names
    assert not {"papermill", "gristmill", "mlflow", "nbclient"} & names

    first = gristmill("run", "work.ipynb", "--environment", "own", "--json").json
    made = list((control_plane.home / "cache" / "environments").glob("*/gristmill.json"))
    assert [path.parent.name for path in made] == [added.json["digest"].removeprefix("sha256:")]
    stamp = made[0].stat().st_mtime_ns
    second = gristmill("run", "work.ipynb", "--environment", "own", "--json").json
    assert made[0].stat().st_mtime_ns == stamp, "made once"
    assert f"forty-one {made[0].parent}" in gristmill("runs", "logs", str(second["number"])).out
    assert first["environment"] == second["environment"]
    assert f"own, {added.json['digest'][7:15]}" in gristmill("runs", "show", str(second["number"])).out
    events = gristmill("runs", "events", str(first["number"])).out
    assert f"installing {len(added.json['packages'])} packages" in events

    assert gristmill("environments", "list", "--json").json[0]["size"] > 10**6
    assert gristmill("environments", "prune", "--json").json == []
    gristmill("environments", "delete", "own", "--yes")
    assert [one["digest"] for one in gristmill("environments", "prune", "--json").json] == [added.json["digest"]]
    assert not made[0].exists()
    again = gristmill("runs", "rerun", str(first["number"]), "--json").json
    assert again["environment"] == first["environment"], "the run kept its lock"
    assert made[0].exists()


def test_a_virtual_environment_is_taken_as_it_is(gristmill: Gristmill, project: Path, users: Path) -> None:
    gristmill("environments", "add", "venv", "--python", users)
    run = gristmill("run", "work.ipynb", "--environment", "venv", "--json").json
    assert f"forty-two {users}" in gristmill("runs", "logs", str(run["number"])).out

    (project / "other").mkdir()
    gristmill("runs", "diff", str(run["number"]), str(run["number"]), "--all")
    changed = site(users) / "another-2.0.dist-info"
    changed.mkdir()
    (changed / "METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 2.0\n")
    told = gristmill("run", "work.ipynb", "--environment", "venv")
    assert "environment venv has other packages than when it was added" in told.out + told.err

    shutil.rmtree(site(users) / "tinything")
    refused = gristmill("run", "work.ipynb", "--environment", "venv", status=3).err
    assert "imports tinything (cell 1), which environment venv lacks" in refused


@pytest.fixture
def conda(users: Path, tmp_path: Path) -> Path:
    """A prefix as conda makes them: an interpreter that lies in it, a standard library, `conda-meta`, and no base."""
    prefix, base = tmp_path / "opt" / "conda env", Path(sysconfig.get_path("stdlib"))
    if str(prefix / "lib" / base.name / "site-packages") not in getsitepackages([str(prefix)]):
        pytest.skip("this Python was changed to look for packages elsewhere, as Debian's is")
    library = prefix / "lib" / base.name
    library.mkdir(parents=True)
    for part in base.iterdir():
        if part.name != "site-packages":
            (library / part.name).symlink_to(part)
    shutil.copytree(site(users), library / "site-packages", symlinks=True)
    (prefix / "conda-meta").mkdir()
    (prefix / "bin").mkdir()
    shutil.copy(Path(sys.executable).resolve(), prefix / "bin" / "python")
    return prefix


def test_a_conda_environment_is_taken_as_it_is(
    gristmill: Gristmill, project: Path, conda: Path, notebook: WriteNotebook
) -> None:
    notebook(
        USES, "import os\nprint(sys.base_prefix == sys.prefix, os.environ['CONDA_PREFIX'], 'VIRTUAL_ENV' in os.environ)"
    )
    added = gristmill("environments", "add", "conda", "--python", conda, "--json").json
    assert "tinything" not in {one.partition("==")[0] for one in added["packages"]}, "it was copied, not installed"
    run = gristmill("run", "work.ipynb", "--environment", "conda", "--json").json
    said = gristmill("runs", "logs", str(run["number"])).out
    assert f"forty-two {conda}" in said
    assert f"True {conda} False" in said


def test_the_verbs_work_in_an_environment_that_has_nothing_of_gristmill(
    gristmill: Gristmill, notebook: WriteNotebook, users: Path
) -> None:
    notebook(
        "import gristmill, sys\nvalue = gristmill.secret('API_TOKEN')\ngristmill.report(size=len(value))\n"
        "print(sys.prefix, sys.path[-1] == gristmill.__path__[0].rpartition('/')[0], value)",
        "import importlib.util\nprint('only the verbs:', importlib.util.find_spec('gristmill.client') is None)",
    )
    gristmill("secrets", "set", "API_TOKEN", text="hush-hush-41")
    gristmill("environments", "add", "bare", "--python", users)
    run = gristmill("run", "work.ipynb", "--environment", "bare", "--secret", "API_TOKEN", "--json").json
    assert run["metrics"]["size"]["value"] == 12
    said = gristmill("runs", "logs", str(run["number"])).out
    assert f"{users} True ***" in said
    assert "only the verbs: True" in said


def test_the_projects_own_virtual_environment_is_told_of(
    gristmill: Gristmill, project: Path, users: Path, notebook: WriteNotebook
) -> None:
    """Before the run, with what uses it: a kernel of another environment has other versions at best."""
    (project / ".venv").symlink_to(users)
    refused = gristmill("run", "work.ipynb", status=3).err
    assert "hint: This project has .venv; to run with it: gristmill environments add " in refused
    notebook("import json\nprint('ran')")
    told = gristmill("run", "work.ipynb").err
    assert "kernel python3 is not this project's .venv; to run with that: gristmill environments add" in told
    assert ".venv" not in gristmill("run", "work.ipynb", "-k", "python3").err


def test_a_requirements_file_is_offered_only_where_it_names_what_lacks(gristmill: Gristmill, project: Path) -> None:
    (project / "requirements.txt").write_text("somethingelse\n")
    refused = gristmill("run", "work.ipynb", status=3).err
    assert "hint: Install it: " in refused
    assert "--requirements" not in refused


def test_an_environment_without_ipykernel_is_refused_with_what_to_do(gristmill: Gristmill, tmp_path: Path) -> None:
    python = user_environment(tmp_path / "bare")
    refused = gristmill("environments", "add", "bare", "--python", tmp_path / "bare", status=3).err
    assert f"{python} -m pip install ipykernel" in refused
    refused = gristmill("environments", "add", "none", "--python", tmp_path, status=3).err
    assert "holds no bin/python" in refused


def test_what_cannot_be_resolved_is_told_as_uv_tells_it(gristmill: Gristmill, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("there-is-no-such-thing==1.0\n")
    refused = gristmill("environments", "add", "x", "-r", "requirements.txt", status=3).err
    assert "there-is-no-such-thing" in refused
    gristmill("environments", "add", "x", "-r", "nowhere.txt", status=4)


def test_an_environment_has_its_own_kernel(gristmill: Gristmill, project: Path) -> None:
    gristmill("run", "work.ipynb", "--environment", "x", "-k", "python3", status=2)
    gristmill("run", "work.ipynb", "--environment", "nobody-knows", status=4)
    gristmill("environments", "add", "x", "--kernel", "nobody-knows", status=3)
