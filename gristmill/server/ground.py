"""What runs and endpoints are here: processes of this machine, or pods of a Kubernetes."""

from collections.abc import Callable
from dataclasses import dataclass

from gristmill_kernels.workers import WarmWorkers

from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError
from gristmill.core.settings import Ground as Kind
from gristmill.core.settings import Settings
from gristmill.endpoints.backends.base import EndpointBackend
from gristmill.endpoints.backends.local import LocalBackend
from gristmill.runs.executors.base import Executor
from gristmill.runs.executors.local import LocalExecutor
from gristmill.server.places import settle, settle_in_folder


@dataclass(frozen=True, kw_only=True)
class Ground:
    """`settle` claims it for the database, which no other place may share."""

    executor: Executor
    backend: EndpointBackend
    settle: Callable[[Database], None]
    close: Callable[[], None]


def ground_of(settings: Settings, on_change: Callable[[], object]) -> Ground:
    """`on_change` is called, from any thread, when something there has become different.

    Raises:
        InvalidInputError: a setting is missing that it needs.
    """
    return _kubernetes(settings, on_change) if settings.ground is Kind.KUBERNETES else _local(settings)


def _local(settings: Settings) -> Ground:
    warm = WarmWorkers(settings.home, idle=settings.warm_idle) if settings.warm_workers else None
    return Ground(
        executor=LocalExecutor(settings.attempts, warm=warm, home=settings.home),
        backend=LocalBackend(settings.endpoints),
        settle=lambda db: settle_in_folder(db, settings.shared or settings.home),
        close=lambda: None,
    )


def _kubernetes(settings: Settings, on_change: Callable[[], object]) -> Ground:
    """Its parts are loaded here alone: who does not use it need not have it."""
    needed = ("advertised_url", "run_image", "endpoint_image")
    if missing := [f"GRISTMILL_{name.upper()}" for name in needed if getattr(settings, name) is None]:
        raise InvalidInputError(f"GRISTMILL_GROUND=kubernetes needs {', '.join(missing)}")
    from gristmill.core.kubernetes import Cluster
    from gristmill.endpoints.backends.kubernetes import EndpointPods, KubernetesBackend
    from gristmill.runs.executors.kubernetes import KubernetesExecutor, RunPods

    cluster = Cluster(settings.namespace)
    runs = RunPods(
        image=settings.run_image or "",
        pull_policy=settings.pull_policy,
        cache=settings.cache_claim,
        environ_from=settings.run_environ,
        grace_s=round(settings.cancel_grace) + 5,
        environ=_of_workers(settings),
    )
    endpoints = EndpointPods(image=settings.endpoint_image or "", pull_policy=settings.pull_policy)
    return Ground(
        executor=KubernetesExecutor(cluster, runs, on_change),
        backend=KubernetesBackend(cluster, endpoints, on_change),
        settle=lambda db: settle(db, Kind.KUBERNETES, cluster.identity(), f"the namespace {cluster.namespace}"),
        close=cluster.close,
    )


def _of_workers(settings: Settings) -> dict[str, str]:
    """The settings that a worker itself reads."""
    names = ("data_cache", "environments_cache", "data_binding")
    return {f"GRISTMILL_{name.upper()}": str(getattr(settings, name)) for name in names}
