"""What a request's body looks like, for who sent another."""

import json
from typing import Any

from gristmill.serving.signature import INPUTS, SPLIT, Signature

_VALUES: dict[str, Any] = {"BOOL": True, "INT32": 1, "INT64": 1, "FP32": 0.5, "FP64": 0.5}
_MORE = "…"


def request_example(signature: Signature) -> str:
    """A body with the first column of this signature: `{"dataframe_split": {"columns": ["state", …], "data": …}}`.

    A sketch: further columns are an ellipsis, and texts too.
    """
    specs = signature.metadata()
    if specs and specs[0]["shape"] == [-1] and not specs[0]["name"].startswith("input-"):
        more = f", {_MORE}" if len(specs) > 1 else ""
        name = json.dumps(specs[0]["name"], ensure_ascii=False)
        value = json.dumps(_VALUES.get(specs[0]["datatype"], _MORE), ensure_ascii=False)
        return f'{{"{SPLIT}": {{"columns": [{name}{more}], "data": [[{value}{more}]]}}}}'
    return f'{{"{INPUTS}": [[0.5, {_MORE}]]}}'
