"""What lies in an endpoint's folder. The supervisor writes it, workers read it; it is all that a start needs.

desired.json            the newest generation that the control plane named
serving.json            the newest generation that served
generations/<n>.json    each generation that runs or is being started
models/<model>-<version>/
"""

from pathlib import Path
from urllib.parse import quote

import msgspec

from gristmill.core.errors import UnsupportedError
from gristmill.core.whole_file import write_private
from gristmill.endpoints.model import ENDPOINT_PROTOCOL, DesiredState, Variant

DESIRED = "desired.json"
SERVING = "serving.json"


class EndpointFolder:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.models = root / "models"
        self.generations = root / "generations"

    def model(self, variant: Variant) -> Path:
        """Where the files of the variant's model version lie. Any name makes one plain folder name."""
        return self.models / f"{quote(variant.model, safe='')}-{quote(variant.version, safe='')}"

    def generation(self, number: int) -> Path:
        return self.generations / f"{number}.json"

    def read(self, path: Path) -> DesiredState | None:
        """The desired state in that file, None where there is none.

        Raises:
            UnsupportedError: another version of Gristmill wrote it, or it is broken.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return parse_desired(content)
        except msgspec.DecodeError as error:
            raise UnsupportedError(
                f"{path.name} is no desired state: {error}", hint="Deploy the endpoint again."
            ) from error

    def write(self, path: Path, state: DesiredState) -> None:
        """Whole or not at all, readable by the owner only."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, msgspec.json.encode(state))


def parse_desired(content: bytes) -> DesiredState:
    """The desired state that JSON `content` holds.

    Raises:
        msgspec.DecodeError: it holds none.
        UnsupportedError: it speaks a protocol of another number.
    """
    state = msgspec.json.decode(content, type=DesiredState)
    if state.protocol != ENDPOINT_PROTOCOL:
        raise UnsupportedError(
            f"the desired state speaks protocol {state.protocol}: expected {ENDPOINT_PROTOCOL}",
            hint="Run the control plane and its endpoints from the same version of Gristmill.",
        )
    return state


def live_variant(state: DesiredState) -> Variant:
    """The variant that requests go to: the live one with the greatest weight.

    Raises:
        UnsupportedError: none is live.
    """
    live = [variant for variant in state.variants if variant.role == "live"]
    if not live:
        raise UnsupportedError("no variant is live", hint="Deploy a model version to the endpoint.")
    return max(live, key=lambda variant: variant.weight)
