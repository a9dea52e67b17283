"""JupyterHub with Gristmill in it: `configure(c, HubSettings.from_env())` in `jupyterhub_config.py`."""

from gristmill_hub.configure import configure
from gristmill_hub.settings import HubSettings

__all__ = ["HubSettings", "configure"]
