"""Endpoints as this person calls them: their key is kept on this server's disk, and goes to no page unasked."""

import time
from dataclasses import dataclass
from typing import Any

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.client.snippets import curl, plain_python
from gristmill.core.errors import NotFoundError, UnavailableError
from gristmill.endpoints.model import Endpoint


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What an endpoint answered to one request, and how long that took from this server."""

    answer: Any
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Texts to be pasted. `has_key`: the key is in them, for who has no Gristmill to fetch it."""

    curl: str
    python: str
    has_key: bool = False


def predict(client: Client, name: str, body: bytes) -> Answered:
    """The endpoint's answer.

    Raises:
        InvalidInputError: it refuses the input; a fault for each value that is wrong.
        UnavailableError: it does not answer.
    """
    with client.predictor(name) as predictor:
        predictor.connect()
        began = time.perf_counter()
        answer = predictor.predict(body)
        took = time.perf_counter() - began
    return Answered(answer=answer, milliseconds=round(took * 1000, 3))


def calls(client: Client, name: str) -> Calls:
    """What fetches the key where it is run: in a terminal, and in the kernel of any environment."""
    endpoint = client.send(api.get_endpoint(name))
    example = _example(client, endpoint)
    return Calls(curl=curl(endpoint, example), python=plain_python(endpoint, example))


def calls_with_key(client: Client, name: str) -> Calls:
    """Commands for where there is no Gristmill. The key is issued if there is none yet."""
    endpoint = client.send(api.get_endpoint(name))
    key = None if endpoint.open else client.key(endpoint)
    example = _example(client, endpoint)
    return Calls(curl=curl(endpoint, example, key), python=plain_python(endpoint, example, key), has_key=True)


def delete(client: Client, name: str) -> Endpoint:
    """The endpoint that was deleted."""
    deleted = client.send(api.delete_endpoint(name))
    client.keys.forget(name)
    return deleted


def _example(client: Client, endpoint: Endpoint) -> dict[str, Any] | None:
    """Without MLflow, or its version, there is no example, and the rest of the command to show."""
    variant = endpoint.variants[0]
    try:
        return client.send(api.get_model_version(variant.model, variant.version)).input_example
    except (NotFoundError, UnavailableError):
        return None
