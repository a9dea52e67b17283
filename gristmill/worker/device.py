"""The machine that a run executes on."""

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

_TIMEOUT = 10.0
_GPU_QUERY = "name,memory.total,driver_version"


def device_facts() -> dict[str, Any]:
    """`{host, platform, cpu, cores, memory, gpus}`; sizes in bytes, what is unknown left out."""
    facts: dict[str, Any] = {
        "host": platform.node(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory": _memory(),
        "gpus": _gpus(),
    }
    return {name: value for name, value in facts.items() if value}


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _gpus() -> list[dict[str, Any]]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    query = [command, f"--query-gpu={_GPU_QUERY}", "--format=csv,noheader,nounits"]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, timeout=_TIMEOUT, check=True).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return []
    return [gpu for line in lines if (gpu := _gpu(line))]


def _gpu(line: str) -> dict[str, Any] | None:
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 3 or not parts[1].isdigit():
        return None
    return {"name": parts[0], "memory": int(parts[1]) * 2**20, "driver": parts[2]}
