"""Jupyter Server in this process, by pytest-jupyter's fixtures."""

from pytest_jupyter.jupyter_core import *  # noqa: F403  # fixtures are found by their names
from pytest_jupyter.jupyter_server import *  # noqa: F403  # the same
from pytest_jupyter.pytest_tornasync import *  # noqa: F403  # the same
