"""What an endpoint answers becomes a value or an error."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gristmill.client.predictor import Predictor, refusal
from gristmill.core.errors import GristmillError, InvalidInputError, UnauthenticatedError, UnavailableError


class Endpoint(BaseHTTPRequestHandler):
    """Says back what it was sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = {"path": self.path, "key": self.headers["Authorization"], "body": json.loads(body)}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("body", [{"inputs": [1]}, b'{"inputs": [1]}'])
def test_a_value_and_its_json_are_the_same_request(url: str, body: object) -> None:
    with Predictor(url, "gm_e_1") as predictor:
        assert predictor.predict(body) == {"path": "/invocations", "key": "Bearer gm_e_1", "body": {"inputs": [1]}}


def test_an_open_endpoint_is_sent_no_key(url: str) -> None:
    with Predictor(url, None) as predictor:
        predictor.connect()
        assert predictor.predict({})["key"] is None


def test_an_endpoint_that_is_away_is_said_to_be() -> None:
    with Predictor("http://127.0.0.1:9", None) as predictor:
        predictor.connect()
        with pytest.raises(UnavailableError, match="does not answer"):
            predictor.predict({})


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, InvalidInputError), (401, UnauthenticatedError), (503, UnavailableError), (500, GristmillError)],
)
def test_a_refusal_is_the_error_of_its_status(status: int, kind: type[GristmillError]) -> None:
    assert type(refusal(status, b'{"error": "no", "hint": "do"}')) is kind


def test_a_refusal_keeps_every_value_that_is_wrong() -> None:
    body = {"error": "row 0", "faults": [{"where": "x", "message": "missing", "expected": "a number", "got": None}]}
    error = refusal(400, json.dumps(body).encode())
    assert error.faults[0].where == "x"
    assert error.faults[0].expected == "a number"


def test_an_answer_that_is_none_of_ours_is_quoted() -> None:
    assert "<html>" in refusal(502, b"<html>").message
