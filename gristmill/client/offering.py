"""Packing a notebook with its data: what the run would lack and what could be data roots is chosen by who asks."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.client.data_roots import binding, of_project, store
from gristmill.client.pack import Packed, pack
from gristmill.client.pack.offers import Offer, offers
from gristmill.data_roots.model import DataBinding, DataRoot

if TYPE_CHECKING:
    from gristmill.client.client import Client

# Of what is offered, what is to be a data root from now on; `Path` is the project's root. It may refuse the whole.
Choose = Callable[[Packed, Sequence[Offer], Path], Iterable[Offer]]


def packed_with_data(
    client: "Client",
    notebook: Path,
    choose: Choose,
    *,
    texts: Iterable[str] = (),
    stored: Callable[[DataRoot], object] = lambda _: None,
) -> tuple[Packed, tuple[DataBinding, ...]]:
    """The snapshot, and the data that the run is bound to, with what was chosen of it; `stored` is told of each."""
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
        stored(store(client, one, root))
    data = (*data, *made)
    return pack(notebook, data=[one.at for one in data]), data
