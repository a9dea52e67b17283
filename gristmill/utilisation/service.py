"""What workers tell of what their attempts use, and what is answered of it."""

import math
from collections.abc import Sequence

from gristmill.core.database import Tx
from gristmill.profiles.model import Catalogue
from gristmill.utilisation import store
from gristmill.utilisation.model import MAX_POINTS, Advice, Utilisation, UtilisationPoint, busy, halved
from gristmill.utilisation.right_sizing import Used, advise

_MOST_AT_ONCE = 500


def take(tx: Tx, *, project_id: str, attempt: str, points: Sequence[UtilisationPoint]) -> None:
    """Keeps the points. What is held of one attempt stays below `MAX_POINTS`: neighbours become one.

    Raises:
        ValueError: points that no worker of ours sends.
    """
    if len(points) > _MOST_AT_ONCE or not all(_is_sound(point) for point in points):
        raise ValueError(f"{len(points)} points, of which not all are finite and from 0 up")
    if points and store.append(tx, project_id, attempt, points) > MAX_POINTS:
        kept = halved(store.load(tx, attempt))
        store.delete(tx, [attempt])
        store.append(tx, project_id, attempt, kept)


def forget(tx: Tx, attempts: Sequence[str]) -> None:
    store.delete(tx, attempts)


def describe(
    tx: Tx,
    catalogue: Catalogue,
    *,
    run: str,
    attempt: str | None,
    profile: str,
    over: bool,
    succeeded: bool,
    out_of_memory: bool,
) -> Utilisation:
    """What is known of the attempt; advice once it is over."""
    points = store.load(tx, attempt) if attempt else ()
    known = next((one for one in catalogue.profiles if one.name == profile), None)
    gpus = [gpu for point in points for gpu in point.gpus]
    used = Used(
        seconds=round(math.fsum(point.seconds for point in points), 3),
        busy=busy(points),
        memory_peak=max((point.memory_peak for point in points), default=0),
        gpu_peak=max((gpu.busy_peak for gpu in gpus), default=None),
    )
    advice: Advice | None = None
    if over and points and known is not None:
        advice = advise(used, catalogue, known, succeeded=succeeded, out_of_memory=out_of_memory)
    return Utilisation(
        run=run,
        attempt=attempt,
        profile=profile,
        given=known.resources if known else None,
        seconds=used.seconds,
        busy=used.busy,
        cpu_peak=max((point.cpu_peak for point in points), default=0.0),
        memory_peak=used.memory_peak,
        gpu_peak=used.gpu_peak,
        gpu_memory_peak=max((gpu.memory_peak for gpu in gpus), default=None),
        advice=advice,
        points=points,
    )


def _is_sound(point: UtilisationPoint) -> bool:
    gpus = [one for gpu in point.gpus for one in (gpu.busy, gpu.busy_peak, gpu.memory_peak)]
    numbers = (point.at, point.seconds, point.cpu, point.cpu_peak, point.memory, point.memory_peak, *gpus)
    return len(point.gpus) <= 64 and all(math.isfinite(one) and 0 <= one < 2**62 for one in numbers)
