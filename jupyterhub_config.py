"""JupyterHub with Gristmill: `gristmill hub`, or `jupyterhub --config jupyterhub_config.py`.

`GRISTMILL_HUB_…` in the environment sets what `HubSettings` has. What is set on `c` below counts instead.
"""

from typing import Any

from gristmill_hub import HubSettings, configure

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821  # JupyterHub's own, put here before this file is read

configure(c, HubSettings.from_env())
