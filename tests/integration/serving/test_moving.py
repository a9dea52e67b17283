"""A control plane that comes back at another port is followed by a supervisor that goes on serving."""

from collections.abc import Callable

import pytest

from tests.integration.serving.conftest import Endpoint
from tests.integration.serving.test_supervisor import Load
from tests.serving_kit.control_plane import EndpointControlPlane
from tests.stranger import stranger
from tests.waiting import until

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # MLflow, while it saves models


def test_a_supervisor_follows_drops_no_request_and_shows_its_token_to_no_stranger(
    endpoint: Endpoint, control_plane: EndpointControlPlane, record_property: Callable[[str, object], None]
) -> None:
    endpoint.desire("tiny")
    endpoint.start()
    endpoint.ready()
    load = Load(endpoint.url)
    load.start(clients=4)
    until(lambda: load.answered > 20, what="answers before the move")
    before = control_plane.move()
    with stranger(before) as (other, _):
        until(lambda: len(other.asked) > 1, what="questions to whoever has the old port")
        endpoint.address_file.write_text(f"{control_plane.url}\n")
        endpoint.desire("tiny", model="other")
        endpoint.ready()
    until(lambda: load.models[-1:] == ["other/1"], what="answers of the new generation")
    load.stop()
    record_property("answered", load.answered)
    assert (load.failed, load.other) == (0, [])
    assert other.tokens == []
    assert all("/api/instance" in line for line in other.asked)


def test_a_supervisor_that_finds_a_stranger_at_the_only_address_goes_on_serving(
    endpoint: Endpoint, control_plane: EndpointControlPlane
) -> None:
    endpoint.desire("tiny")
    endpoint.start()
    endpoint.ready()
    before = control_plane.move()
    with stranger(before) as (other, _):
        until(lambda: len(other.asked) > 1, what="questions to whoever has the old port")
        assert endpoint.get("/health").status_code == 200
    assert other.tokens == []
    assert "not the control plane that issued the token" in endpoint.log
