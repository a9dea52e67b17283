"""What a stand-in for the control plane answers to `GET /api/instance`, as the real one does."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from gristmill.core.wire import InstanceProof


def instance_proof(query: Mapping[str, Sequence[str]], *, url: str, token: str) -> InstanceProof:
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    message = f"{query['challenge'][0]} {url}"
    known = query.get("fingerprint", [""])[0] == token_hash[:16]
    proof = hmac.new(token_hash.encode(), message.encode(), hashlib.sha256).hexdigest() if known else None
    return InstanceProof(instance="server_1", version="0", proof="", token_proof=proof)
