"""From a notebook to production ML without leaving Jupyter."""

__version__ = "0.1.0"
