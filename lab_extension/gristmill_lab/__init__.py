"""Gristmill in Jupyter Server: thin handlers over `gristmill.client`, for the browser half beside it."""

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from gristmill_lab.extension import GristmillLab

    return [{"module": "gristmill_lab", "app": GristmillLab}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "gristmill-lab"}]
