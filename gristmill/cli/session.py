"""How a command reaches the control plane. What costs to import is imported here, when it is needed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from gristmill.client.call import Call
    from gristmill.client.client import Client
    from gristmill.core.settings import Settings

T = TypeVar("T")


@contextmanager
def connected() -> Iterator["Client"]:
    """A client of the control plane, which is started where that may be done."""
    lighten()
    from gristmill.client.client import Client

    with Client() as client:
        yield client


@contextmanager
def connected_if_alive(settings: "Settings") -> Iterator["Client | None"]:
    """The same for commands that start nothing; None where no control plane lives."""
    lighten()
    from gristmill.client.credentials import from_environment, from_port_file

    found = from_environment(settings) or from_port_file(settings.port_file)
    if found is None:
        yield None
        return
    from gristmill.client.client import Client

    with Client(found, settings=settings) as client:
        yield client


@contextmanager
def connected_with_tracking() -> Iterator["Client"]:
    """The same for what needs MLflow, which is waited for where it is just starting."""
    from gristmill.cli.output import remark

    with connected() as client:
        client.wait_for_tracking(lambda: remark("MLflow is starting …"))
        yield client


def ask(call: "Call[T]") -> T:
    """The answer to a single call."""
    with connected() as client:
        return client.send(call)


def lighten() -> None:
    """Spares httpx's own command line, which brings click, pygments and most of rich: it costs more than all the rest.

    None in `sys.modules` makes the import fail, and httpx does without: https://docs.python.org/3/reference/import.html
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # that is what the import system asks for
