"""Where a person chooses what a server runs on: a card for each profile, with what is free of it now."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment

from gristmill.client import api
from gristmill.client.credentials import Credentials
from gristmill.client.transports import AsyncTransport
from gristmill.core.errors import GristmillError
from gristmill.profiles.model import Catalogue, ProfileStatus
from gristmill_hub import profiles
from gristmill_hub.settings import HubSettings, Mode

PATIENCE = 3.0  # seconds: a page without what is free is worth more than one that comes late

_LOG = logging.getLogger("jupyterhub.gristmill")


def form(catalogue: Catalogue, settings: HubSettings) -> Callable[[Any], Awaitable[str]]:
    """For `Spawner.options_form`: the cards of the profiles that the person may have."""
    template = Environment(autoescape=True).from_string((Path(__file__).parent / "spawn.html").read_text())

    async def of_person(spawner: Any) -> str:
        return template.render(
            profile_list=profiles.profile_list(catalogue, profiles.groups_of(spawner)),
            free=await free_now(settings),
            enforced=settings.mode is Mode.KUBERNETES,
        )

    return of_person


async def free_now(settings: HubSettings) -> dict[str, str]:
    """By profile, in words. Empty where the control plane does not say: the cards say nothing of it then."""
    if not settings.service_token:
        return {}
    asked = Credentials(url=settings.control_plane_url, token=settings.service_token, local=True)
    try:
        async with AsyncTransport(asked) as control_plane, asyncio.timeout(PATIENCE):
            return {one.profile.name: in_words(one) for one in await control_plane.send(api.list_profiles())}
    except (GristmillError, TimeoutError) as error:
        _LOG.warning("the page of profiles says nothing of what is free: %s", str(error) or "no answer in time")
        return {}


def in_words(status: ProfileStatus) -> str:
    """As the form of a run says it."""
    if not status.free_slots:
        return "none free now"
    return f"{status.free_slots} of {status.free_slots + status.in_use} free" if status.in_use else "free now"
