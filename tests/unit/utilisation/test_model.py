"""Points joined into fewer."""

from gristmill.utilisation.model import GpuPoint, UtilisationPoint, busy, halved, merged


def point(
    at: float, cpu: float, *, seconds: float = 1.0, memory: int = 100, gpu: float | None = None
) -> UtilisationPoint:
    gpus = () if gpu is None else (GpuPoint(index=0, busy=gpu, busy_peak=gpu, memory_peak=memory),)
    return UtilisationPoint(at=at, seconds=seconds, cpu=cpu, cpu_peak=cpu, memory=memory, memory_peak=memory, gpus=gpus)


def test_means_are_weighted_by_time_and_peaks_stay() -> None:
    one = merged([point(1, 2.0, memory=300, gpu=0.9), point(4, 0.0, seconds=3, memory=100, gpu=0.1)])
    assert (one.at, one.seconds, one.cpu, one.cpu_peak, one.memory, one.memory_peak) == (4, 4, 0.5, 2.0, 150, 300)
    assert one.gpus == (GpuPoint(index=0, busy=0.3, busy_peak=0.9, memory_peak=300),)


def test_halving_keeps_time_and_peak() -> None:
    points = [point(n, float(n)) for n in range(1, 6)]
    found = halved(points)
    assert [one.at for one in found] == [2, 4, 5]
    assert sum(one.seconds for one in found) == 5
    assert max(one.cpu_peak for one in found) == 5


def test_what_was_busy_for_all_but_a_moment() -> None:
    assert busy([point(n, 0.5) for n in range(99)] + [point(100, 8.0)]) == 0.5
    assert busy([point(n, 0.5) for n in range(80)] + [point(n, 2.0) for n in range(20)]) == 2.0
    assert busy([]) == 0.0
