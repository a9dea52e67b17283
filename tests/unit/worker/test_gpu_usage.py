"""The driver's library, in the place of which a stand-in answers as its documentation says."""

import ctypes
from typing import Any

import pytest

from gristmill.worker.gpu_usage import GpuReading, GpuUsage, _Memory, _Utilization


class Driver:
    """`busy` of each device in percent; None: it does not answer."""

    def __init__(self, *busy: int | None, starts: bool = True) -> None:
        self.busy, self.starts = busy, starts

    def nvmlInit_v2(self) -> int:  # noqa: N802  # the library's names
        return 0 if self.starts else 9

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802  # the same
        ctypes.cast(count, ctypes.POINTER(ctypes.c_uint))[0] = len(self.busy)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: int, handle: Any) -> int:  # noqa: N802  # the same
        ctypes.cast(handle, ctypes.POINTER(ctypes.c_void_p))[0] = index + 100
        return 0

    def nvmlDeviceGetUtilizationRates(self, handle: ctypes.c_void_p, rates: Any) -> int:  # noqa: N802  # the same
        busy = self.busy[(handle.value or 0) - 100]
        if busy is None:
            return 15
        ctypes.cast(rates, ctypes.POINTER(_Utilization))[0] = _Utilization(busy, 0)
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: ctypes.c_void_p, memory: Any) -> int:  # noqa: N802  # the same
        ctypes.cast(memory, ctypes.POINTER(_Memory))[0] = _Memory(80, 50, (handle.value or 0) - 70)
        return 0


def test_every_device_is_read() -> None:
    assert GpuUsage(Driver(40, 0), {}).read() == (GpuReading(0, 0.4, 30), GpuReading(1, 0.0, 31))


@pytest.mark.parametrize(
    ("visible", "seen"), [("1", [1]), ("1,0", [1, 0]), ("", []), ("0,-1,1", [0]), ("7", []), ("GPU-1a-2b", [0, 1])]
)
def test_only_devices_that_the_run_may_see_are_read(visible: str, seen: list[int]) -> None:
    found = GpuUsage(Driver(10, 20), {"CUDA_VISIBLE_DEVICES": visible}).read()
    assert [reading.index for reading in found] == seen


def test_a_device_that_does_not_answer_is_left_out() -> None:
    assert [reading.index for reading in GpuUsage(Driver(None, 5), {}).read()] == [1]


def test_without_a_driver_there_is_no_device() -> None:
    assert GpuUsage(Driver(1, starts=False), {}).read() == ()
