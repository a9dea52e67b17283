"""A name stays the one part of a path that it is for, or nothing is sent."""

from collections.abc import Callable
from typing import Any

import pytest

from gristmill.client import api
from gristmill.client.call import Call
from gristmill.client.wire import request_arguments
from gristmill.core.errors import InvalidInputError
from gristmill.endpoints.model import DeployRequest
from gristmill.models.model import RegisterRequest


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "../server", "\udcff"])
@pytest.mark.parametrize(
    ("request_of", "noun"),
    [
        (api.get_run, "run"),
        (api.delete_endpoint, "endpoint name"),
        (api.get_data_root, "data root name"),
        (api.get_environment, "environment name"),
        (lambda name: api.revoke_endpoint_key("churn", name), "key"),
        (lambda name: api.deploy(name, DeployRequest(model="m", version="1")), "endpoint name"),
        (lambda name: api.register_model(name, RegisterRequest(run="1")), "model name"),
        (lambda name: api.get_output(name, "a"), "run"),
    ],
)
def test_a_name_that_would_lead_elsewhere_is_refused(
    request_of: Callable[[str], Call[Any]], noun: str, name: str
) -> None:
    with pytest.raises(InvalidInputError, match=rf"^{noun} '.*' is not valid: expected a name or id") as caught:
        request_of(name)
    assert repr(name) in caught.value.message


def test_other_names_are_escaped() -> None:
    assert api.get_run("train 3").path == "/api/runs/train%203"
    assert api.get_run("a?b#c%2F").path == "/api/runs/a%3Fb%23c%252F"


def test_an_output_is_named_by_its_path() -> None:
    assert api.get_output("3", "plots/roc curve.png").path == "/api/runs/3/outputs/plots/roc%20curve.png"
    for name in ("", "../events", "plots/../../events", "plots//a"):
        with pytest.raises(InvalidInputError, match=r"^output name '.*' is not valid: expected a relative path"):
            api.get_output("3", name)


def test_text_in_another_encoding_is_refused() -> None:
    for request in (
        api.deploy("e", DeployRequest(model="\udcff", version="1")),
        api.list_runs(text="\udcff"),
    ):
        with pytest.raises(InvalidInputError, match="no Unicode text"):
            request_arguments(request)
