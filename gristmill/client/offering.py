"""Packing a notebook with its data: what the run would lack and what could be data roots is chosen by who asks."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.client.data_roots import binding, of_project
from gristmill.client.pack import Packed, pack
from gristmill.client.pack.offers import Offer, offers
from gristmill.data_roots.model import DataBinding

if TYPE_CHECKING:
    from gristmill.client.client import Client

# Of what is offered, what is to be a data root from now on; `Path` is the project's root. It may refuse the whole.
Choose = Callable[[Packed, Sequence[Offer], Path], Iterable[Offer]]
# Makes a data root of what was chosen, at once or when the run is certain.
Keep = Callable[[DataBinding, Path], object]


def packed_with_data(
    client: "Client",
    notebook: Path,
    choose: Choose,
    keep: Keep,
    *,
    texts: Iterable[str] = (),
) -> tuple[Packed, tuple[DataBinding, ...]]:
    """The snapshot, and the data that the run is bound to, with what was chosen of it, which `keep` is told of."""
    root, data = of_project(client, notebook, texts)
    packed = pack(notebook, data=[one.at for one in data])
    try:
        chosen = tuple(choose(packed, offers(packed, data), root))
    except BaseException:
        packed.close()
        raise
    if not chosen:
        return packed, data
    packed.close()
    made = tuple(binding(offer.name, offer.at, root=root, base=root) for offer in chosen)
    for one in made:
        keep(one, root)
    data = (*data, *made)
    return pack(notebook, data=[one.at for one in data]), data
