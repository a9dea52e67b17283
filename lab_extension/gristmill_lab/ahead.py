"""Loads what a Jupyter server consists of, for a process that will be one."""

from contextlib import suppress
from importlib import import_module

from jupyter_core.paths import jupyter_config_dir, jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager
from jupyter_server.extension.utils import get_metadata


def load_extensions() -> None:
    """The modules of the server extensions that are enabled for everybody here, and of none that is a person's own."""
    places = [place for place in jupyter_config_path() if place != jupyter_config_dir()]
    found = ExtensionConfigManager(read_config_path=places).get_jpserver_extensions()  # type: ignore[no-untyped-call]
    for name in sorted(name for name, enabled in found.items() if enabled):
        with suppress(Exception):  # whatever it is, the server meets it again, and says so
            for point in get_metadata(name)[1]:  # type: ignore[no-untyped-call]
                import_module(point["module"])
