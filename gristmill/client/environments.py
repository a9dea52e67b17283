"""Environments from where a person has them: locked here by uv, and held against what a notebook imports."""

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.client import api
from gristmill.client.uv import PLAIN, find_uv, said
from gristmill.core.errors import Fault, InvalidInputError, NotFoundError
from gristmill.environments.model import (
    Environment,
    EnvironmentAnswer,
    EnvironmentCheck,
    EnvironmentKind,
    EnvironmentRequest,
    check_name,
    read_lock,
)

if TYPE_CHECKING:
    from gristmill.client.client import Client
    from gristmill.client.pack.needs import Needs
    from gristmill.client.pack.packed import Packed

# Distributions whose modules have another name.
DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    "yaml": "pyyaml",
}
_KERNEL = "ipykernel"
_ADDED = "added.in"
_OTHER_LOCKS = {"uv.lock": "uv export --frozen --no-emit-project -o requirements.txt"}


@dataclass(frozen=True, kw_only=True)
class Lock:
    """`text` is requirements.txt's form, each package with version and hashes. `added`: ipykernel was not asked for."""

    text: str
    python: str
    added: bool


def lock_requirements(file: Path) -> Lock:
    """What uv resolves the file to for this machine, by the index that the person has set.

    Raises:
        NotFoundError: there is no such file.
        UnsupportedError: there is no uv.
        InvalidInputError: uv cannot resolve it, or it names what cannot be locked.
    """
    if file.name in _OTHER_LOCKS:
        hint = f"Make one of it: {_OTHER_LOCKS[file.name]}"
        raise InvalidInputError(
            f"{file} is not read: expected requirements.txt, pyproject.toml or pylock.toml", hint=hint
        )
    if not file.is_file():
        raise NotFoundError(f"there is no file {file}")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        extra = Path(folder, _ADDED)
        extra.write_text(f"{_KERNEL}\n")
        done = subprocess.run(
            [
                *(find_uv(), *PLAIN, "pip", "compile", "--generate-hashes", "--no-header"),
                *("--annotation-style", "line", "--python", sys.executable, "--python-version", python),
                *(str(file), str(extra)),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise InvalidInputError(f"{file} cannot be resolved:\n{said(done.stderr)}", hint="This is what uv says of it.")
    text = "\n".join(line.rstrip() for line in re.sub(r"[ \t]+#.*$", "", done.stdout, flags=re.MULTILINE).splitlines())
    read_lock(text)
    return Lock(text=text + "\n", python=python, added=_only_ours(done.stdout))


def _only_ours(resolved: str) -> bool:
    """Whether nothing but our own file asked for ipykernel."""
    found = re.search(rf"^{_KERNEL}==.*?#\s*via\s*(.*?)$", resolved, flags=re.MULTILINE | re.DOTALL)
    return found is not None and all(_ADDED in reason for reason in found[1].split(", "))


def add(
    client: "Client",
    name: str,
    *,
    requirements: Path | None = None,
    python: str | None = None,
    kernel: str | None = None,
    replace: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Environment:
    """The environment, from one of the three.

    Raises:
        InvalidInputError: none or several are given, or as `lock_requirements` says.
    """
    check_name(name)
    if sum(one is not None for one in (requirements, python, kernel)) != 1:
        raise InvalidInputError("expected one of requirements, python and kernel")
    if requirements is None:
        kind, source = (EnvironmentKind.KERNEL, kernel) if kernel else (EnvironmentKind.INTERPRETER, _absolute(python))
        return client.send(
            api.create_environment(EnvironmentRequest(name=name, kind=kind, source=source or "", replace=replace))
        )
    say(f"resolving {requirements}")
    lock = lock_requirements(requirements)
    if lock.added:
        say("ipykernel is added: without it the environment runs no notebook")
    request = EnvironmentRequest(
        name=name,
        kind=EnvironmentKind.REQUIREMENTS,
        source=str(requirements.absolute()),
        lock=_send(client, lock.text.encode()),
        python=lock.python,
        replace=replace,
    )
    return client.send(api.create_environment(request))


def _send(client: "Client", content: bytes) -> str:
    import hashlib

    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    if client.send(api.missing_blobs([digest])).digests:
        client.send(api.put_blob(digest, content))
    return digest


def _absolute(python: str | None) -> str:
    """A path of this machine; links stay, for a virtual environment's interpreter is one."""
    return str(Path(python or "").expanduser().absolute())


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What a notebook needs, and what the kernel or environment that it would run in has of it."""

    needs: "Needs"
    kernel: str | None
    environment: str | None
    answer: EnvironmentAnswer
    chosen: bool  # by the person: not the notebook's own kernel

    @property
    def what(self) -> str:
        return f"environment {self.environment}" if self.environment else f"kernel {self.kernel}"


def examine(
    client: "Client", needs: "Needs", *, kernel: str | None = None, environment: str | None = None
) -> Examined | None:
    """None where the notebook names no kernel, and none is given."""
    chosen = kernel is not None or environment is not None
    kernel = None if environment else kernel or needs.kernel
    if kernel is None and environment is None:
        return None
    asked = EnvironmentCheck(
        kernel=kernel,
        environment=environment,
        modules=tuple(one.module for one in needs.imports),
        requirements=_guesses(needs) if environment else needs.requirements,
    )
    answer = client.send(api.check_environment(asked))
    if needs.venv is not None and _is_of(answer.interpreter, needs.venv):
        needs = replace(needs, venv=None)  # it is what the notebook runs in
    return Examined(needs=needs, kernel=kernel, environment=environment, answer=answer, chosen=chosen)


def _is_of(interpreter: str | None, venv: Path) -> bool:
    """By its folder: an interpreter in a virtual environment is a link to one that is not."""
    return interpreter is not None and Path(interpreter).parent.parent.resolve() == venv.resolve()


def check(
    client: "Client",
    packed: "Packed",
    *,
    kernel: str | None = None,
    environment: str | None = None,
    data: Collection[str] = (),
    command: str = "NOTEBOOK",
) -> tuple[str, ...]:
    """What to tell somebody who runs this; `command` is how the notebook is named there.

    Raises:
        InvalidInputError: the notebook surely imports what the run's environment lacks; one, with every fault.
    """
    from gristmill.client.pack.needs import needs_of

    needs = needs_of(packed, data)
    if not (needs.imports or needs.requirements or needs.venv):
        return ()
    found = examine(client, needs, kernel=kernel, environment=environment)
    if found is None:
        return ()
    if (refusal := refusal_of(found, command)) is not None:
        raise refusal
    return _told_of_other(client, found, command) or notices_of(found, command)


def notices_of(found: Examined, command: str) -> tuple[str, ...]:
    """What the run may lack."""
    needs, answer = found.needs, found.answer
    if not answer.requirements:
        return ()
    lacked = _some(answer.requirements)
    if found.environment:
        return (f"{found.what} may lack {lacked}, by what the notebook imports",) if answer.interpreter is None else ()
    return (
        f"{found.what} lacks {lacked} of {needs.file and needs.file.name}; to run with it: {_offer(needs, command)}",
    )


def refusal_of(found: Examined, command: str) -> InvalidInputError | None:
    """Why the notebook cannot run there: what it surely imports and the environment lacks; None where it can."""
    return _refused(found, command) if found.answer.modules else None


def _refused(found: Examined, command: str) -> InvalidInputError:
    needs, answer, what = found.needs, found.answer, found.what
    first = {one.module: one for one in needs.imports}
    lacking = [f"{module} (cell {first[module].number})" for module in answer.modules]
    distributions = [distribution(module) for module in answer.modules]
    install = f"{answer.interpreter} -m pip install {shlex.join(distributions)}"
    return InvalidInputError(
        f"the notebook imports {_some(lacking)}, which {what} lacks",
        hint=_hint(needs, distributions, install, command, chosen=found.chosen),
        faults=tuple(
            Fault(
                where=f"cells[{first[module].cell}]",
                message=f"there is no module {module}",
                got=module,
                expected=f"one that {what} has",
                hint=f"It is in {name}." if name != module else None,
            )
            for module, name in zip(answer.modules, distributions, strict=True)
        ),
    )


def _hint(needs: "Needs", lacking: Sequence[str], install: str, command: str, *, chosen: bool) -> str:
    """What surely helps comes first: a virtual environment that lies in the project is what the person works with."""
    from gristmill.client.pack.needs import normal

    if needs.venv is not None and not chosen:
        return f"This project has {needs.venv.name}; to run with it: {_offer_venv(needs.venv, command)}"
    if {normal(one) for one in lacking} <= {normal(one) for one in needs.requirements}:
        return _offer(needs, command)
    return f"Install it: {install}   (or choose another with -k)"


def of_venv(client: "Client", venv: Path) -> str | None:
    """The name of the environment that this virtual environment was added as; None where it was not."""
    added = (one.name for one in client.send(api.list_environments()) if Path(one.source).is_relative_to(venv))
    return next(added, None)


def _told_of_other(client: "Client", found: Examined, command: str) -> tuple[str, ...]:
    """Told where nobody chose: other versions of the same packages would otherwise surprise."""
    venv = found.needs.venv
    if venv is None or found.chosen:
        return ()
    name = of_venv(client, venv)
    offer = f"gristmill run {shlex.quote(command)} --environment {name}" if name else _offer_venv(venv, command)
    own = found.kernel
    return (f"kernel {own} is not this project's {venv.name}; to run with that: {offer}   (-k {own} is this one)",)


def _offer_venv(venv: Path, command: str) -> str:
    import os

    name = environment_name(venv)
    add = f"gristmill environments add {name} --python {shlex.quote(os.path.relpath(venv))}"
    return f"{add} && gristmill run {shlex.quote(command)} --environment {name}"


def environment_name(beside: Path) -> str:
    """What an environment is called that is made of this file or folder: as the folder that holds it."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", beside.absolute().parent.name).strip("-._")[:63] or "project"


def _offer(needs: "Needs", command: str) -> str:
    """The two commands that make an environment of what stands beside the notebook, and run with it."""
    import os

    file = needs.file or Path("requirements.txt")
    name = environment_name(file)
    add = f"gristmill environments add {name} --requirements {shlex.quote(os.path.relpath(file))}"
    return f"{add} && gristmill run {shlex.quote(command)} --environment {name}"


def _guesses(needs: "Needs") -> tuple[str, ...]:
    return tuple(distribution(one.module) for one in needs.imports if one.module not in sys.stdlib_module_names)


def distribution(module: str) -> str:
    """The distribution that brings a module, as far as its name is known."""
    return DISTRIBUTIONS.get(module, module)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
