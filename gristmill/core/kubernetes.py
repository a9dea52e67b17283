"""One namespace of a Kubernetes, as the service account sees it that this process has.

What is asked for again and again is kept by a `Mirror`; what changes something goes to the API server at once.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import httpx2
from lightkube import ApiError, AsyncClient, Client, KubeConfig
from lightkube.core.exceptions import ConfigError
from lightkube.core.resource import NamespacedResourceG
from lightkube.resources.core_v1 import Event, Namespace
from lightkube.types import CascadeType, PatchType, on_error_raise

from gristmill.core.errors import GristmillError, InvalidInputError, UnavailableError

Manifest = dict[str, Any]
R = TypeVar("R", bound=NamespacedResourceG)

MANAGED = {"app.kubernetes.io/managed-by": "gristmill"}
_TIMEOUT = httpx2.Timeout(10.0)
_WATCH_S = 240  # the API server ends a watch then, and what it told is compared with a new list
_SILENCE_S = 300.0  # a watch that lives longer and says nothing is dead, though nobody has said so
_COMPLAINTS_S = 2.0  # for how long one answer about complaints does
_PAUSE_S = 1.0  # between two tries to list
_HOW = "Set KUBECONFIG, or run in a pod with a service account."
_GONE, _CONFLICT, _FORBIDDEN, _MISSING = 410, 409, 403, 404
log = logging.getLogger(__name__)


class Cluster:
    """Raises UnavailableError wherever the API server does not answer, or answers that it cannot now."""

    def __init__(self, namespace: str | None = None) -> None:
        """With the account of this pod, else what KUBECONFIG names.

        Raises:
            InvalidInputError: there is neither.
        """
        try:
            chosen = KubeConfig.from_env().get()
        except (ConfigError, OSError) as error:
            raise InvalidInputError(f"no Kubernetes is known: {error}", hint=_HOW) from error
        if chosen is None:
            raise InvalidInputError("no Kubernetes is known: KUBECONFIG chooses no context", hint=_HOW)
        self.namespace = namespace or chosen.namespace or "default"
        self._client = Client(chosen, namespace=self.namespace, timeout=_TIMEOUT, trust_env=False)
        self._watching = AsyncClient(chosen, namespace=self.namespace, timeout=_TIMEOUT, trust_env=False)
        # The library's own watches wait for ever, also for an API server that is gone without a word.
        quiet = httpx2.Timeout(_TIMEOUT.read, read=_SILENCE_S)
        self._watching._client._watch_timeout = quiet  # noqa: SLF001  # there is no option for it
        self._background = _Background()
        self._complaints: dict[str, tuple[float, list[str]]] = {}

    def identity(self) -> str:
        """What no other namespace of any cluster has."""
        with _answers("the namespace"):
            found = self._client.get(Namespace, self.namespace)
        return str(found.metadata and found.metadata.uid)

    def has(self, kind: type[R], name: str) -> bool:
        with _answers(f"{kind.__name__} {name}"):
            return self._found(lambda: self._client.get(kind, name))

    def create(self, kind: type[R], manifest: Manifest) -> R | None:
        """The new object; None where there is one of this name."""
        wanted: R = kind.from_dict(manifest)  # type: ignore[attr-defined]  # every kind has it; the base does not say so
        with _answers(f"a {kind.__name__}"):
            try:
                return self._client.create(wanted)
            except ApiError as error:
                if error.status.code == _CONFLICT:
                    return None
                raise

    def change(self, kind: type[R], name: str, change: Manifest) -> bool:
        """Merges `change` into the object; False where there is none."""
        with _answers(f"{kind.__name__} {name}"):
            return self._found(lambda: self._client.patch(kind, name, change, patch_type=PatchType.STRATEGIC))

    def delete(self, kind: type[R], name: str, *, grace: int | None = None) -> bool:
        """What belongs to it goes too, in its own time; False where there was none."""
        with _answers(f"{kind.__name__} {name}"):
            gone = CascadeType.BACKGROUND
            return self._found(lambda: self._client.delete(kind, name, grace_period=grace, cascade=gone))

    def log_tail(self, pod: str, container: str, lines: int) -> str:
        """The last lines that a container has written; nothing where it has not begun."""
        try:
            return "".join(self._client.log(pod, container=container, tail_lines=lines))
        except httpx2.HTTPError as error:
            log.debug("no log of %s: %s", pod, error)
            return ""

    def complaints(self, name: str) -> list[str]:
        """What was warned of the object of this name lately, the newest last, in the words of who warned."""
        asked, said = self._complaints.get(name, (0.0, []))
        if time.monotonic() - asked < _COMPLAINTS_S and name in self._complaints:
            return said
        with _answers("events"):
            found = list(self._client.list(Event, fields={"involvedObject.name": name, "type": "Warning"}))
        found.sort(key=lambda event: str(event.lastTimestamp or event.eventTime or ""))
        fresh = time.monotonic() - 10 * _COMPLAINTS_S
        self._complaints = {one: kept for one, kept in self._complaints.items() if kept[0] > fresh}
        said = [f"{event.reason}: {event.message}" for event in found]
        self._complaints[name] = time.monotonic(), said
        return said

    def mirror(self, kind: type[R], labels: Mapping[str, str], on_change: Callable[[], object]) -> "Mirror[R]":
        """What there is of `kind` with these labels, from now on."""
        mirror = Mirror(kind, labels, on_change)
        self._background.begin(mirror.run(self._watching))
        return mirror

    def close(self) -> None:
        self._background.end(self._watching.close)
        self._client.close()

    @staticmethod
    def _found(act: Callable[[], object]) -> bool:
        try:
            act()
        except ApiError as error:
            if error.status.code == _MISSING:
                return False
            raise
        return True


class Mirror(Generic[R]):
    """Objects by name, listed once and then watched. A watch that ends, or says nothing for long, is begun anew with a
    new list: what it may have missed is seen then.
    """

    def __init__(self, kind: type[R], labels: Mapping[str, str], on_change: Callable[[], object]) -> None:
        self._kind = kind
        self._labels: dict[str, Any] = dict(labels)
        self._on_change = on_change
        self._objects: dict[str, R] = {}
        self._lock = threading.Lock()
        self._current = threading.Event()  # a list has been had, and nothing has gone wrong since
        self._tried = threading.Event()
        self._trouble = "it was not asked yet"

    def objects(self) -> dict[str, R]:
        """All of them by name.

        Raises:
            UnavailableError: what there is cannot be told now.
        """
        self._tried.wait(_TIMEOUT.read)
        if not self._current.is_set():
            raise UnavailableError(f"Kubernetes does not say which {self._kind.__name__}s there are: {self._trouble}")
        with self._lock:
            return dict(self._objects)

    def put(self, found: R) -> None:
        """What this process has made itself: the watch tells of it a moment later."""
        with self._lock:
            self._objects.setdefault(_name(found), found)

    async def run(self, client: AsyncClient) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self._watch(client, await self._list(client))
            except (httpx2.HTTPError, ConfigError) as error:
                if isinstance(error, ApiError) and error.status.code == _GONE:
                    continue  # it was away for longer than is remembered: a new list tells
                await self._lost(_what(error))
            except Exception:  # what the library did not foresee must not end the mirror unseen
                log.exception("the watch of %ss", self._kind.__name__)
                await self._lost("its answer was not understood")

    async def _list(self, client: AsyncClient) -> str:
        told = client.list(self._kind, labels=self._labels)
        objects = {_name(one): one async for one in told}
        with self._lock:
            before = {name: _version(one) for name, one in self._objects.items()}
            self._objects = objects
        self._current.set()
        self._tried.set()
        if before != {name: _version(one) for name, one in objects.items()}:
            self._on_change()
        return str(told.resourceVersion)

    async def _watch(self, client: AsyncClient, since: str) -> None:
        told = client.watch(
            self._kind,
            labels=self._labels,
            resource_version=since,
            server_timeout=_WATCH_S,
            on_error=on_error_raise,
        )
        async for what, one in told:
            with self._lock:
                if what == "DELETED":
                    self._objects.pop(_name(one), None)
                else:
                    self._objects[_name(one)] = one
            self._on_change()

    async def _lost(self, why: str) -> None:
        if self._current.is_set() or not self._tried.is_set():
            log.warning("which %ss there are is not known now: %s", self._kind.__name__, why)
        self._trouble = why
        self._current.clear()
        self._tried.set()
        self._on_change()
        await asyncio.sleep(_PAUSE_S)


class _Background:
    """An event loop in a thread of its own, where watches wait: they can be ended there at any time."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._tasks: list[Future[None]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="kubernetes", daemon=True)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.run_coroutine_threadsafe(work, self._loop))

    def end(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Ends what was begun, then does `last`."""
        for task in self._tasks:
            task.cancel()
        asyncio.run_coroutine_threadsafe(last(), self._loop).result(_TIMEOUT.read)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def object_name(identifier: str) -> str:
    """What the object of an id is called: a name of Kubernetes' (RFC 1123), which has no underscore."""
    return f"gristmill-{identifier.replace('_', '-')}"


@contextmanager
def _answers(what: str) -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        message = f"Kubernetes refuses {what}: {error.status.message}"
        if error.status.code in {_FORBIDDEN, 401}:
            raise UnavailableError(message, hint="Its quota or the rights of Gristmill's account do.") from error
        if error.status.code is None or error.status.code >= 500 or error.status.code in {_CONFLICT, 429}:
            raise UnavailableError(message) from error
        raise GristmillError(message) from error
    except httpx2.HTTPError as error:
        raise UnavailableError(f"Kubernetes does not answer: {_what(error)}") from error


def _what(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _name(found: NamespacedResourceG) -> str:
    return str(found.metadata.name)  # type: ignore[attr-defined]  # every kind has it; the base does not say so


def _version(found: NamespacedResourceG) -> str:
    return str(found.metadata.resourceVersion)  # type: ignore[attr-defined]
