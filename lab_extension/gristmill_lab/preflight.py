"""What is known of a run before it is made: its packages, its data, its wait, and what the last one like it took."""

from dataclasses import dataclass
from pathlib import Path

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.client.data_roots import of_project
from gristmill.client.environments import (
    Examined,
    add,
    distribution,
    environment_name,
    examine,
    notices_of,
    of_venv,
    refusal_of,
)
from gristmill.client.pack import Packed, pack
from gristmill.client.pack.needs import needs_of
from gristmill.client.pack.offers import Offer, offers
from gristmill.core.errors import InvalidInputError, NotFoundError, Problem
from gristmill.environments.model import Environment
from gristmill.runs.model import RunForecast
from gristmill_lab.launch import named


@dataclass(frozen=True, kw_only=True)
class PreflightOrder:
    """`environment` is the one that is chosen; None: the notebook's own kernel."""

    path: str
    environment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lacking:
    """A module that the notebook surely imports, first in code cell `number`, counted from 1."""

    module: str
    distribution: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Packages:
    """What the run will have. `packages` is how many; None where that is not known before a worker looks itself.

    `fix` is what brings what lacks, to be typed in a terminal; `notices` say what may lack.
    """

    kernel: str | None = None
    environment: str | None = None
    interpreter: str | None = None
    python: str | None = None
    packages: int | None = None
    lacking: tuple[Lacking, ...] = ()
    fix: str | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OwnVenv:
    """A virtual environment that lies in the project and is not the kernel's; `environment`: as it was added before."""

    folder: str
    environment: str | None = None


@dataclass(frozen=True, kw_only=True)
class DataOffer:
    """What the run would lack, and would have with `at` as a data root; `certain`: the notebook fails without it."""

    at: str
    folder: bool
    certain: bool
    files: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """`notebook` is how runs call it: from the project's root; `source` is where it is on this disk.

    `refusal` is why there would be no run of it as it is on disk: then nothing else is known.
    """

    notebook: str
    source: str
    forecasts: tuple[RunForecast, ...]
    packages: Packages | None = None
    venv: OwnVenv | None = None
    data: tuple[DataOffer, ...] = ()
    notices: tuple[str, ...] = ()
    refusal: Problem | None = None


def preflight(client: Client, notebook: Path, order: PreflightOrder) -> Preflight:
    """Of the notebook as it is on disk; nothing is sent but questions.

    Raises:
        NotFoundError: there is no such notebook, or no such environment.
    """
    if not notebook.is_file():
        raise NotFoundError(f"there is no notebook {order.path}", hint="Save it under this name first.")
    try:
        return _looked(client, notebook, order)
    except InvalidInputError as error:
        forecasts = client.send(api.list_forecasts(order.path, source=str(notebook)))
        return Preflight(notebook=order.path, source=str(notebook), forecasts=forecasts, refusal=error.problem())


def _looked(client: Client, notebook: Path, order: PreflightOrder) -> Preflight:
    _, data = of_project(client, notebook)
    places = [one.at for one in data]
    with pack(notebook, data=places) as packed:
        needs = needs_of(packed, places)
        found = examine(client, needs, environment=order.environment)
        venv = needs.venv if found is None else found.needs.venv
        offered = offers(packed, data)
        name, source = packed.request.notebook, packed.request.source
    forecasts = client.send(api.list_forecasts(name, source=source))
    return Preflight(
        notebook=name,
        source=source or str(notebook),
        forecasts=forecasts,
        packages=None if found is None else _packages(found, order.path),
        venv=None if venv is None else OwnVenv(folder=venv.name, environment=of_venv(client, venv)),
        data=tuple(_offer(one) for one in offered),
        notices=_notices(packed),
    )


def use_venv(client: Client, notebook: Path) -> Environment:
    """The virtual environment of the notebook's project as an environment, added where it was not.

    Raises:
        NotFoundError: the project has none.
        ConflictError: another environment is called as it would be.
    """
    with pack(notebook) as packed:
        venv = needs_of(packed, ()).venv
    if venv is None:
        raise NotFoundError(f"the project of {notebook.name} has no virtual environment of its own")
    known = of_venv(client, venv)
    if known is not None:
        return client.send(api.get_environment(known))
    return add(client, environment_name(venv), python=str(venv))


def _packages(found: Examined, command: str) -> Packages:
    first = {one.module: one.number for one in found.needs.imports}
    refusal = refusal_of(found, command)
    return Packages(
        kernel=found.kernel,
        environment=found.environment,
        interpreter=found.answer.interpreter,
        python=found.answer.python,
        packages=found.answer.packages,
        lacking=tuple(
            Lacking(module=module, distribution=distribution(module), number=first.get(module, 0))
            for module in found.answer.modules
        ),
        fix=None if refusal is None else refusal.hint,
        notices=notices_of(found, command),
    )


def _offer(offer: Offer) -> DataOffer:
    return DataOffer(
        at=offer.at,
        folder=offer.folder,
        certain=offer.certain,
        files=named(offer),
        size=sum(item.size or 0 for item in offer.items),
    )


def _notices(packed: Packed) -> tuple[str, ...]:
    return tuple(packed.notices)
