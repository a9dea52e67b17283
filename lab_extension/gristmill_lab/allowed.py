"""Which routes of the control plane the browser half may call. What is not listed here is not forwarded."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from gristmill.core.errors import NotFoundError

_PART = r"(?:(?!%2[fF])[^/])+"  # an escaped slash would lead to another route over there


@dataclass(frozen=True, kw_only=True)
class Route:
    """`raw`: its answer is bytes of a run's making, which are never shown as a page of this server."""

    method: str
    template: str
    raw: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{(\w+)(:path)?\}", lambda found: ".+" if found[2] else _PART, self.template))


ROUTES = (
    Route(method="GET", template="/api/server"),
    Route(method="GET", template="/api/profiles"),
    Route(method="GET", template="/api/environments"),
    Route(method="GET", template="/api/secrets"),
    Route(method="GET", template="/api/forecasts"),
    Route(method="GET", template="/api/runs"),
    Route(method="GET", template="/api/runs/{run}"),
    Route(method="PATCH", template="/api/runs/{run}"),
    Route(method="DELETE", template="/api/runs/{run}"),
    Route(method="POST", template="/api/runs/{run}/cancel"),
    Route(method="POST", template="/api/runs/{run}/start-anyway"),
    Route(method="POST", template="/api/runs/{run}/rerun"),
    Route(method="GET", template="/api/runs/{run}/events"),
    Route(method="GET", template="/api/runs/{run}/history"),
    Route(method="GET", template="/api/runs/{run}/utilisation"),
    Route(method="GET", template="/api/runs/{run}/notebook"),
    Route(method="GET", template="/api/run-counts"),
    Route(method="GET", template="/api/run-columns"),
    Route(method="GET", template="/api/runs/{run}/outputs/{name:path}", raw=True),
    Route(method="GET", template="/api/blobs/{digest}", raw=True),
    Route(method="POST", template="/api/blobs/read"),
    Route(method="GET", template="/api/kernels"),
    Route(method="DELETE", template="/api/kernels/{kernel}"),
    Route(method="GET", template="/api/interactive/runs"),
    Route(method="GET", template="/api/snapshots/{snapshot}"),
    Route(method="GET", template="/api/models"),
    Route(method="GET", template="/api/models/{name}"),
    Route(method="POST", template="/api/models/{name}/versions"),
    Route(method="GET", template="/api/models/{name}/versions/{version}"),
    Route(method="GET", template="/api/endpoints"),
    Route(method="GET", template="/api/endpoints/{name}"),
    Route(method="PUT", template="/api/endpoints/{name}"),
    Route(method="GET", template="/api/endpoints/{name}/traffic"),
    Route(method="GET", template="/api/endpoints/{name}/log"),
    Route(method="POST", template="/api/try-outs"),
    Route(method="GET", template="/api/try-outs/{try_out}"),
    Route(method="DELETE", template="/api/try-outs/{try_out}"),
)
_COMPILED = tuple((route, route.pattern) for route in ROUTES)


def find_route(method: str, path: str) -> Route:
    """The route of an escaped path.

    Raises:
        NotFoundError: none that may be called from a browser.
    """
    parts = unquote(path).split("/")
    if not {".", ".."} & set(parts):
        for route, pattern in _COMPILED:
            if route.method == method and pattern.fullmatch(path):
                return route
    raise NotFoundError(f"{method} {path} cannot be called from here")
