"""How busy the NVIDIA devices are that an attempt can see, asked of the driver's own library.

Asking `nvidia-smi` starts a process each time, which takes more than all the rest. The calls are those of
https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceQueries.html
"""

import ctypes
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LIBRARY = "libnvidia-ml.so.1"
_SUCCESS = 0


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


@dataclass(frozen=True, slots=True)
class GpuReading:
    """`busy` from 0 to 1, `memory` in bytes, of the whole device, whoever uses it."""

    index: int
    busy: float
    memory: int


class GpuUsage:
    """The devices of `CUDA_VISIBLE_DEVICES`, or all; none where there is no driver."""

    def __init__(self, library: Any = None, environ: Mapping[str, str] | None = None) -> None:
        self._library = library or _load()
        visible = (os.environ if environ is None else environ).get("CUDA_VISIBLE_DEVICES")
        self._devices = self._find(visible) if self._library is not None else {}

    def read(self) -> tuple[GpuReading, ...]:
        """A device that does not answer is left out."""
        readings = (self._read(index, handle) for index, handle in self._devices.items())
        return tuple(reading for reading in readings if reading is not None)

    def _find(self, visible: str | None) -> dict[int, ctypes.c_void_p]:
        count = ctypes.c_uint()
        if self._library.nvmlInit_v2() != _SUCCESS:
            return {}
        if self._library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != _SUCCESS:
            return {}
        found = {}
        for index in _chosen(visible, count.value):
            handle = ctypes.c_void_p()
            if self._library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) == _SUCCESS:
                found[index] = handle
        return found

    def _read(self, index: int, handle: ctypes.c_void_p) -> GpuReading | None:
        rates, memory = _Utilization(), _Memory()
        if self._library.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(rates)) != _SUCCESS:
            return None
        if self._library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) != _SUCCESS:
            return None
        return GpuReading(index=index, busy=rates.gpu / 100, memory=int(memory.used))


def _chosen(visible: str | None, count: int) -> list[int]:
    """CUDA's rule: what stands behind the first that is no device does not count. Of names (UUIDs): all."""
    if visible is None or visible.startswith(("GPU-", "MIG-")):
        return list(range(count))
    chosen: list[int] = []
    for part in visible.split(","):
        if not part.strip().isdigit() or int(part) >= count:
            break
        chosen.append(int(part))
    return list(dict.fromkeys(chosen))


def _load() -> Any:
    try:
        return ctypes.CDLL(_LIBRARY)
    except OSError:
        return None
