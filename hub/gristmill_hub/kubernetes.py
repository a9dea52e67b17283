"""A hub in a Kubernetes: people's servers are pods, the proxy and the control plane are Deployments beside it."""

import hmac
import secrets
from collections.abc import Callable
from typing import Any

from gristmill.profiles.catalogue import load_catalogue
from gristmill.profiles.model import Catalogue
from gristmill.profiles.pods import USER
from gristmill_hub import profiles
from gristmill_hub.page import form
from gristmill_hub.settings import SERVICE, HubSettings

HOME = "/home/gristmill"
# The hub looks for a server ever more seldom; when its pod is said to be ready the hub hears at once.
_UP = {"readinessProbe": {"tcpSocket": {"port": "notebook-port"}, "periodSeconds": 1, "failureThreshold": 600}}
_SHUT = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def places(c: Any, settings: HubSettings) -> None:
    """The hub's pod listens on all its addresses; others reach it by its Service."""
    c.JupyterHub.bind_url = "http://:8000"
    c.JupyterHub.hub_bind_url = f"http://:{settings.hub_port}"
    c.JupyterHub.hub_connect_url = settings.url
    c.JupyterHub.db_url = settings.database_url
    c.JupyterHub.cookie_secret_file = str(settings.home / "cookie_secret")
    # The proxy is not the hub's child: people go on working while the hub is started anew.
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = settings.proxy_url
    c.JupyterHub.cleanup_servers = False


def servers(c: Any, settings: HubSettings) -> None:
    """Each person's JupyterLab is a pod on a profile of the catalogue; its folder is a volume that stays."""
    catalogue = load_catalogue(settings.profiles, required=True)
    c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
    c.Spawner.cmd = ["jupyterhub-singleuser"]
    c.Spawner.default_url = "/lab"
    c.Spawner.start_timeout = settings.start_timeout
    c.Spawner.http_timeout = 60
    c.Spawner.environment = {"GRISTMILL_SERVICE_URL": settings.control_plane_url, "SHELL": "/bin/bash"}
    c.KubeSpawner.extra_container_config = {**_UP, **environ(settings)}
    c.KubeSpawner.image = settings.image
    c.KubeSpawner.image_pull_policy = settings.pull_policy
    c.KubeSpawner.pod_name_template = "jupyter-{user_server}"
    c.KubeSpawner.working_dir = HOME
    c.KubeSpawner.profile_list = choice(catalogue)
    c.Spawner.options_form = form(catalogue, settings)
    c.KubeSpawner.pre_spawn_hook = check_options(catalogue)
    storage(c, settings)
    shut(c)


def control_plane(c: Any, settings: HubSettings) -> None:
    """The proxy leads to it, for the gateway of endpoints: who calls one shows a token there, or a key."""
    if settings.public_url:
        # With a URL a service is an OAuth client too, which nobody here uses: its secret must not be empty.
        own = hmac.new(settings.service_token.encode(), SERVICE.encode(), "sha256").hexdigest()
        service = {"name": SERVICE, "url": settings.control_plane, "display": False, "timeout": 2}
        c.JupyterHub.services += [{**service, "api_token": own if settings.service_token else secrets.token_hex(32)}]


def environ(settings: HubSettings) -> dict[str, Any]:
    return {"envFrom": [{"secretRef": {"name": settings.environ}}]} if settings.environ else {}


def storage(c: Any, settings: HubSettings) -> None:
    c.KubeSpawner.storage_pvc_ensure = True
    c.KubeSpawner.storage_capacity = settings.home_size
    c.KubeSpawner.storage_access_modes = ["ReadWriteOnce"]
    c.KubeSpawner.pvc_name_template = "home-{user_server}"
    c.KubeSpawner.volumes = {
        "home": {"name": "home", "persistentVolumeClaim": {"claimName": "home-{user_server}"}},
        "tmp": {"name": "tmp", "emptyDir": {}},
    }
    c.KubeSpawner.volume_mounts = {
        "home": {"name": "home", "mountPath": HOME},
        "tmp": {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  # the pod's own
    }


def shut(c: Any) -> None:
    """The same that every pod of Gristmill's has; no server has an account of Kubernetes'."""
    c.KubeSpawner.uid = c.KubeSpawner.gid = c.KubeSpawner.fs_gid = USER
    c.KubeSpawner.container_security_context = _SHUT
    c.KubeSpawner.pod_security_context = {
        "fsGroupChangePolicy": "OnRootMismatch",
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    c.KubeSpawner.extra_pod_config = {"enableServiceLinks": False}


def choice(catalogue: Catalogue) -> Callable[[Any], list[dict[str, Any]]]:
    def of_person(spawner: Any) -> list[dict[str, Any]]:
        return profiles.profile_list(catalogue, profiles.groups_of(spawner))

    return of_person


def check_options(catalogue: Catalogue) -> Callable[[Any], None]:
    """What a form or the REST API asks for is a profile that the person may have, and nothing else."""

    def check(spawner: Any) -> None:
        from jupyterhub.spawner import SpawnException

        def refuse(message: str, reason: str, status: int) -> None:
            raise SpawnException(message, reason=reason, status_code=status)

        options = spawner.user_options or {}
        offered = profiles.offered(catalogue, profiles.groups_of(spawner))
        names = [profile.name for profile in offered]
        if unknown := sorted(set(options) - {"profile"}):
            told = ", ".join(name[:40] for name in unknown[:5])
            refuse(f"a server takes a profile and no other option: got {told}", "option", 400)
        asked = options.get("profile")
        if not names:
            refuse("no profile is for servers of yours: ask who looks after this hub", "profile", 403)
        if asked is not None and asked not in names:
            refuse(f"there is no profile {str(asked)[:80]!r} for you: expected {', '.join(names)}", "profile", 403)

    return check
