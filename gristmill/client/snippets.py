"""How an endpoint is called from elsewhere: a shell command and Python that work as they are pasted."""

import json
import keyword
import shlex
from typing import Any

from gristmill.endpoints.model import Endpoint

_ROWS = 1  # of the input example that is sent


def curl(endpoint: Endpoint, example: dict[str, Any] | None, key: str | None = None) -> str:
    """A shell command; without `key` the key stays out of it, and out of the shell's history."""
    bearer = key or f"$(gristmill endpoints key {endpoint.name})"
    header = "" if endpoint.open else f' -H "Authorization: Bearer {bearer}"'
    body = shlex.quote(json.dumps(shortened(example), ensure_ascii=False)) if example else "@request.json"
    return f"curl -sS {_url(endpoint, key)}{header} -H 'Content-Type: application/json' -d {body}"


def python(endpoint: Endpoint, example: dict[str, Any] | None) -> str:
    """With Gristmill's client, which finds the key by itself."""
    name = endpoint.name
    body = f'client.input_example("{name}")' if example else 'Path("request.json").read_bytes()'
    return (
        f"{'' if example else 'from pathlib import Path' + chr(10)}"
        "from gristmill.client.client import Client\n"
        "\n"
        f'with Client() as client, client.predictor("{name}") as {_identifier(name)}:\n'
        f"    print({_identifier(name)}.predict({body}))"
    )


def shortened(example: dict[str, Any]) -> dict[str, Any]:
    """The example with one row: enough to see the shape of a request."""
    cut: dict[str, Any] = {}
    for name, part in example.items():
        if name == "dataframe_split" and isinstance(part, dict) and isinstance(part.get("data"), list):
            cut[name] = {key: value for key, value in part.items() if key != "index"} | {"data": part["data"][:_ROWS]}
        elif name in {"dataframe_records", "inputs", "instances"} and isinstance(part, list):
            cut[name] = part[:_ROWS]
        else:
            cut[name] = part
    return cut


def plain_python(endpoint: Endpoint, example: dict[str, Any] | None, key: str | None = None) -> str:
    """With the standard library alone, for environments without Gristmill; without `key`, the `gristmill` on the path
    fetches it.
    """
    body = f"json.dumps({shortened(example)!r}).encode()" if example else 'Path("request.json").read_bytes()'
    fetched = key is None and not endpoint.open
    access = "" if endpoint.open else ', "Authorization": ' + ('f"Bearer {key}"' if fetched else f'"Bearer {key}"')
    asks = f'key = check_output(["gristmill", "endpoints", "key", "{endpoint.name}"], text=True).strip()\n'
    return (
        "import json\n"
        f"{'' if example else 'from pathlib import Path' + chr(10)}"
        f"{'from subprocess import check_output' + chr(10) if fetched else ''}"
        "from urllib.request import Request, urlopen\n"
        "\n"
        f"{asks if fetched else ''}"
        f"body = {body}\n"
        f'headers = {{"Content-Type": "application/json"{access}}}\n'
        f'with urlopen(Request("{_url(endpoint, key)}", body, headers)) as answer:\n'
        "    print(json.load(answer))"
    )


def _url(endpoint: Endpoint, key: str | None) -> str:
    """What has the key in it may be taken elsewhere, from where the gateway alone can be reached, if there is one. What
    fetches the key is where the endpoint's own URL leads to it.

    The gateway asks for a key in any case: an open endpoint's examples have none.
    """
    elsewhere = key is not None and not endpoint.open and endpoint.gateway is not None
    return f"{endpoint.gateway if elsewhere else endpoint.url}/invocations"


def _identifier(name: str) -> str:
    text = name.replace("-", "_")
    return text if text.isidentifier() and not keyword.iskeyword(text) else f"endpoint_{text}"
