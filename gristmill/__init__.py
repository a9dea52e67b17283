"""From a notebook to production ML without leaving Jupyter."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gristmill import panel
    from gristmill.verbs import output, progress, report, secret

__all__ = ["output", "panel", "progress", "report", "secret"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The verbs, loaded when first used: every part of the platform imports this package, few parts the verbs."""
    if name == "panel":
        import importlib

        return importlib.import_module("gristmill.panel")
    if name in __all__:
        from gristmill import verbs

        return getattr(verbs, name)
    raise AttributeError(f"module 'gristmill' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
