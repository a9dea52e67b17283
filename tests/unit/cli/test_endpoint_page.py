"""What is shown of an endpoint, and the commands that are to be pasted."""

import ast
import shlex
from typing import Any

import pytest

from gristmill.cli.deploy import phase
from gristmill.cli.endpoint_page import print_deployed, print_endpoint
from gristmill.client.snippets import curl, plain_python, python, shortened
from gristmill.endpoints.model import EndpointState, Phase
from tests.unit.cli.made import an_endpoint, seen

EXAMPLE: dict[str, Any] = {"dataframe_split": {"index": [0, 1], "columns": ["it's"], "data": [["a'b"], ["c"]]}}


def test_curl_keeps_the_key_out_of_the_shells_history_and_quotes_the_body() -> None:
    words = shlex.split(curl(an_endpoint(), EXAMPLE))
    assert words[:3] == ["curl", "-sS", "http://127.0.0.1:4000/invocations"]
    assert "Authorization: Bearer $(gristmill endpoints key churn)" in words
    assert ast.literal_eval(words[-1]) == {"dataframe_split": {"columns": ["it's"], "data": [["a'b"]]}}


def test_what_has_the_key_in_it_calls_from_elsewhere_by_the_gateway() -> None:
    endpoint = an_endpoint(url="http://churn.gm.svc", gateway="https://hub.example.org/endpoints/churn")
    assert "http://churn.gm.svc/invocations" in shlex.split(curl(endpoint, EXAMPLE)), "it fetches the key where it runs"
    assert "https://hub.example.org/endpoints/churn/invocations" in shlex.split(curl(endpoint, EXAMPLE, "key"))
    assert '"https://hub.example.org/endpoints/churn/invocations"' in plain_python(endpoint, EXAMPLE, "key")


def test_an_open_endpoint_needs_no_key() -> None:
    assert "Bearer" not in curl(an_endpoint(open=True), EXAMPLE)
    assert "key" not in plain_python(an_endpoint(open=True), EXAMPLE)


def test_without_an_example_the_request_is_a_file() -> None:
    assert curl(an_endpoint(), None).endswith("-d @request.json")
    assert "request.json" in python(an_endpoint(), None)


@pytest.mark.parametrize("name", ["churn", "my-model", "3d", "class"])
def test_the_python_is_python(name: str) -> None:
    compile(python(an_endpoint(name=name), EXAMPLE), name, "exec")
    compile(python(an_endpoint(name=name), None), name, "exec")
    for key in (None, "key"):
        compile(plain_python(an_endpoint(name=name), EXAMPLE, key), name, "exec")
        compile(plain_python(an_endpoint(name=name, open=True), None, key), name, "exec")


@pytest.mark.parametrize(
    ("example", "short"),
    [
        ({"inputs": [[1], [2]]}, {"inputs": [[1]]}),
        ({"dataframe_records": [{"x": 1}, {"x": 2}]}, {"dataframe_records": [{"x": 1}]}),
        ({"inputs": {"x": [1, 2]}}, {"inputs": {"x": [1, 2]}}),
        ({"messages": ["a", "b"]}, {"messages": ["a", "b"]}),
    ],
)
def test_an_example_is_shortened_where_its_rows_are_known(example: dict[str, Any], short: dict[str, Any]) -> None:
    assert shortened(example) == short


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        (None, "starting"),
        (seen(EndpointState.STARTING), "loading"),
        (seen(EndpointState.STARTING, message="the files cannot be had"), "loading: the files cannot be had"),
        (seen(EndpointState.READY, generation=1), "loading"),
        (seen(EndpointState.STARTING, phase=Phase.DOWNLOADING), "loading: downloading the model's files"),
        (seen(EndpointState.READY, generation=1, phase=Phase.LOADING), "loading: loading the model"),
        (seen(EndpointState.STARTING, phase=Phase.CHECKING), "loading: checking its answer to the input example"),
        (seen(EndpointState.READY, generation=2), "ready"),
        (seen(EndpointState.READY, generation=3), "ready"),
        (seen(EndpointState.STOPPED), "starting"),
    ],
)
def test_a_deployment_has_its_phases(observed: Any, said: str) -> None:
    assert phase(an_endpoint(observed), 2) == said


def test_a_deployment_that_waits_says_for_what() -> None:
    assert phase(an_endpoint(waiting="1 core"), 2) == "waiting: 1 core"


def test_a_deployment_ends_with_the_answer_the_address_and_how_to_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_deployed(an_endpoint(seen()), EXAMPLE)
    out = capsys.readouterr().out
    assert "churn/3 loaded in 0.9 s · native · answer to its input example [[0.25, 0.75]] in 1.2 ms" in out
    assert "http://127.0.0.1:4000" in out
    assert "gristmill endpoints predict churn" in out
    assert "curl -sS" in out
    assert "from gristmill.client.client import Client" in out


def test_a_generation_that_could_not_be_loaded_is_said_beside_the_one_that_serves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = seen(
        EndpointState.READY, generation=1, failed_generation=2, message="xgboost is missing", hint="Install it."
    )
    print_endpoint(an_endpoint(failed), None)
    out, err = capsys.readouterr()
    assert "2 could not be loaded; 1 serves" in out
    assert "xgboost is missing  Install it." in err
