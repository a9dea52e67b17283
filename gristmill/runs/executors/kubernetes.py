"""Attempts as Jobs of a Kubernetes: one Job for each, its one pod is the worker."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import PersistentVolumeClaim, Pod, Secret

from gristmill.core.errors import UnavailableError
from gristmill.core.holdups import Holdup
from gristmill.core.ids import check_id
from gristmill.core.kubernetes import MANAGED, Cluster, Manifest, object_name
from gristmill.core.kubernetes_pods import AT_ONCE, end_of, holdup_of, is_over, labels_of, name_of, newest_first
from gristmill.profiles import pods
from gristmill.runs.executors.base import Executor, Launch, Presence
from gristmill.runs.model import WorkerEvent

ATTEMPT = "gristmill.dev/attempt"
WORKER = ("python", "-P", "-m", "gristmill.worker")
_PART_OF = {**MANAGED, "app.kubernetes.io/component": "run"}
_LOG_LINES = 100


@dataclass(frozen=True, kw_only=True)
class RunPods:
    """What all runs' pods have alike. `image` is that of profiles that name none; `cache` is the claim of the volume
    that those have which use it, made for the first of them: a pod is held up by a volume that is on another node.
    """

    image: str
    pull_policy: str = "IfNotPresent"
    cache: Manifest | None = None
    environ_from: str | None = None
    grace_s: int = 30
    command: Sequence[str] = WORKER
    environ: Mapping[str, str] = field(default_factory=dict)


class KubernetesExecutor(Executor):
    """A Job `gristmill-<attempt>` and a secret of the same name, which has the worker's token. The pod's folder goes
    with the pod: what could not be delivered is lost with it, and the worker tries for as long as the pod may live.
    """

    keeps_kernels = False  # it lives in the pod, where no JupyterLab reaches it

    def __init__(self, cluster: Cluster, runs: RunPods, on_change: Callable[[], object]) -> None:
        self._cluster, self._runs = cluster, runs
        self._jobs = cluster.mirror(Job, _PART_OF, on_change)
        self._pods = cluster.mirror(Pod, _PART_OF, on_change)

    def kernels(self) -> tuple[str, ...] | None:
        return None

    def launch(self, order: Launch) -> None:
        job = self._job(order.attempt)
        if job is not None:
            if self.observe(order.attempt) is Presence.ALIVE:
                return
            self.forget(order.attempt)  # of a worker that ended before it claimed
            raise UnavailableError("the worker before is still being removed")
        cache = self._cache() if order.uses_cache else None
        token = self._secret(order)
        if self._cluster.create(Secret, token) is None:
            # That of a launch that was broken off; its token is void by now.
            self._cluster.change(Secret, object_name(order.attempt), {"stringData": token["stringData"]})
        made = self._cluster.create(Job, self._manifest(order, cache))
        if made is None:
            return  # another control plane's, a moment ago
        self._jobs.put(made)
        owner = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": object_name(order.attempt),
            "uid": made.metadata.uid if made.metadata else None,
        }
        self._cluster.change(Secret, object_name(order.attempt), {"metadata": {"ownerReferences": [owner]}})

    def observe(self, attempt: str) -> Presence:
        job = self._job(attempt)
        pods_of_it = self._pods_of(attempt)
        if not all(map(is_over, pods_of_it)):
            return Presence.ALIVE
        if job is None:
            return Presence.GONE if pods_of_it else Presence.ABSENT
        if pods_of_it or _is_over(job):
            return Presence.GONE
        return Presence.ALIVE  # its pod is about to be made

    def holdup(self, attempt: str) -> Holdup | None:
        """In the words of who holds it up: the scheduler, kubelet, or what refuses to make the pod."""
        found, job = self._pods_of(attempt), self._job(attempt)
        if found:
            return holdup_of(found[0], self._cluster)
        if job is None or _is_over(job):
            return None
        complaints = self._cluster.complaints(object_name(attempt))
        return Holdup(why=complaints[-1]) if complaints else None

    def ended_by(self, attempt: str) -> str | None:
        for pod in self._pods_of(attempt):
            if said := end_of(pod):
                return said
        return None

    def cancel(self, attempt: str) -> None:
        """A suspended Job's pod is asked to end, and no other one is made."""
        if self._job(attempt) is not None:
            self._cluster.change(Job, object_name(attempt), {"spec": {"suspend": True}})

    def kill(self, attempt: str) -> None:
        self.cancel(attempt)
        for pod in self._pods_of(attempt):
            if not is_over(pod):
                self._cluster.delete(Pod, name_of(pod), grace=AT_ONCE)

    def clean_up(self, attempt: str) -> bool:
        """A pod's processes end with it."""
        return self.observe(attempt) is not Presence.ALIVE

    def undelivered(self, attempt: str, after: int) -> tuple[WorkerEvent, ...]:
        del attempt, after
        return ()

    def undelivered_blobs(self, attempt: str) -> Iterator[tuple[str, Iterator[bytes]]]:
        del attempt
        return iter(())

    def log_tail(self, attempt: str) -> str:
        found = self._pods_of(attempt)
        return self._cluster.log_tail(name_of(found[0]), pods.CONTAINER, _LOG_LINES) if found else ""

    def stand_down(self) -> None:
        """Nothing is kept ready."""

    def forget(self, attempt: str) -> None:
        self._cluster.delete(Job, object_name(check_id(attempt)))
        self._cluster.delete(Secret, object_name(attempt))

    def left(self) -> tuple[str, ...]:
        known = (labels_of(job).get(ATTEMPT) for job in self._jobs.objects().values())
        return tuple(sorted(attempt for attempt in known if attempt))

    def _job(self, attempt: str) -> Job | None:
        return self._jobs.objects().get(object_name(check_id(attempt)))

    def _pods_of(self, attempt: str) -> list[Pod]:
        return newest_first(pod for pod in self._pods.objects().values() if labels_of(pod).get(ATTEMPT) == attempt)

    def _cache(self) -> str | None:
        """The claim's name; it is there from now on."""
        if self._runs.cache is None:
            return None
        name = str(self._runs.cache["metadata"]["name"])
        # A quota that is used up refuses another claim before it is seen that there is one of this name.
        if not self._cluster.has(PersistentVolumeClaim, name):
            self._cluster.create(PersistentVolumeClaim, self._runs.cache)
        return name

    def _secret(self, order: Launch) -> Manifest:
        return {
            "metadata": {"name": object_name(order.attempt), "labels": {**_PART_OF, ATTEMPT: order.attempt}},
            "stringData": {pods.TOKEN: order.token},
        }

    def _manifest(self, order: Launch, cache: str | None) -> Manifest:
        labels = {**_PART_OF, ATTEMPT: order.attempt}
        told = ["--url", order.url, "--attempt", order.attempt]
        told += ["--dir", f"{pods.HOME}/attempts/{order.attempt}"]
        told += ["--token-file", f"{pods.TOKEN_FOLDER}/{pods.TOKEN}"]
        pod = pods.Pod(
            profile=order.profile,
            image=self._runs.image,
            command=[*self._runs.command, *told],
            secret=object_name(order.attempt),
            labels=labels,
            pull_policy=self._runs.pull_policy,
            grace_s=self._runs.grace_s,
            environ=self._runs.environ,
            environ_from=self._runs.environ_from,
            cache_claim=cache,
        )
        # Whether it is tried again is the control plane's to say: a second pod's claim would be refused.
        spec = {"backoffLimit": 0, "completions": 1, "parallelism": 1, "template": pods.template(pod)}
        return {"metadata": {"name": object_name(order.attempt), "labels": labels}, "spec": spec}


def _is_over(job: Job) -> bool:
    """Whether it has or makes no pod any more."""
    conditions = (job.status and job.status.conditions) or []
    ended = {"Complete", "Failed", "FailureTarget", "SuccessCriteriaMet", "Suspended"}
    return any(one.type in ended and one.status == "True" for one in conditions)
