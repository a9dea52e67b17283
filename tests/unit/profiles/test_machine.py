"""What a machine has is read from the files in which Linux tells it."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from gristmill.profiles import machine
from gristmill.profiles.machine import read_machine

GB = 2**30
CORES = float(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else float(os.cpu_count() or 1)


@pytest.fixture
def linux(tmp_path: Path) -> Path:
    """A machine with 16 GiB."""
    return put(tmp_path, {"proc/meminfo": f"MemFree: 1 kB\nMemTotal:       {16 * 2**20} kB\n"})


def put(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_machine_without_limits(linux: Path) -> None:
    found = read_machine(linux)
    assert (found.cpu, found.memory, found.accelerators) == (CORES, 16 * GB, ())


@pytest.mark.parametrize("group", ["/", "/user.slice/user-1000.slice"])
def test_control_groups_of_version_2(linux: Path, group: str) -> None:
    folder = f"sys/fs/cgroup{group.rstrip('/')}"
    put(linux, {"proc/self/cgroup": f"0::{group}\n", f"{folder}/cpu.max": "50000 100000\n"})
    put(linux, {f"{folder}/memory.max": f"{4 * GB}\n"})
    found = read_machine(linux)
    assert (found.cpu, found.memory) == (0.5, 4 * GB)


def test_the_narrowest_of_the_groups_above_counts(linux: Path) -> None:
    put(
        linux,
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/b/memory.max": "max\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/memory.max": f"{2 * GB}\n",
            "sys/fs/cgroup/a/cpu.max": "25000 100000\n",
        },
    )
    found = read_machine(linux)
    assert (found.cpu, found.memory) == (0.25, 2 * GB)


def test_a_container_sees_its_own_group_at_the_top(linux: Path) -> None:
    put(linux, {"proc/self/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/memory.max": f"{GB}\n"})
    assert read_machine(linux).memory == GB


def test_control_groups_of_version_1(linux: Path) -> None:
    base = "sys/fs/cgroup"
    put(
        linux,
        {
            "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n",
            f"{base}/memory/memory.limit_in_bytes": f"{3 * GB}\n",
            f"{base}/cpu,cpuacct/cpu.cfs_quota_us": "30000\n",
            f"{base}/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
    )
    found = read_machine(linux)
    assert (found.cpu, found.memory) == (0.3, 3 * GB)


@pytest.mark.parametrize(("quota", "limit"), [("-1", str(2**63 - 4096)), ("0", "0"), ("", "")])
def test_no_limit_of_version_1_is_none(linux: Path, quota: str, limit: str) -> None:
    put(
        linux,
        {
            "proc/self/cgroup": "4:memory:/\n3:cpu:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": limit,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": quota,
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
    )
    found = read_machine(linux)
    assert (found.cpu, found.memory) == (CORES, 16 * GB)


def test_files_that_say_nonsense_are_not_believed(linux: Path) -> None:
    put(linux, {"proc/self/cgroup": "nonsense\n::\n0::/\n", "sys/fs/cgroup/cpu.max": "a b c\n"})
    assert read_machine(linux).memory == 16 * GB


def test_without_proc_the_system_is_asked(tmp_path: Path) -> None:
    found = read_machine(tmp_path)
    assert found.memory == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert found.cpu == CORES


def test_devices_are_those_that_were_handed_in(linux: Path) -> None:
    """A container is shown all of the host's in /proc, and has a device file for its own."""
    for index in range(3):
        information = f"Model: \t\t NVIDIA H200\nIRQ:   \t\t 5\nDevice Minor: \t {index}\n"
        put(linux, {f"proc/driver/nvidia/gpus/0000:{index}/information": information})
    put(linux, {"dev/nvidia1": "", "dev/nvidia2": ""})
    assert read_machine(linux).accelerators == ("NVIDIA H200", "NVIDIA H200")


def test_a_device_that_does_not_tell_its_model(linux: Path) -> None:
    put(linux, {"proc/driver/nvidia/gpus/0000:0/information": ""})
    assert read_machine(linux).accelerators == ("NVIDIA GPU",)


@pytest.mark.parametrize(
    ("script", "names"),
    [("echo 'NVIDIA A100'; echo 'NVIDIA A100'", ("NVIDIA A100",) * 2), ("exit 9", ()), ("echo", ())],
)
def test_without_proc_nvidias_own_tool_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, names: tuple[str, ...]
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert machine._nvidia_smi() == names
    monkeypatch.setenv("PATH", "/nonexistent")
    assert machine._nvidia_smi() == ()


def test_this_machine_has_something() -> None:
    found = read_machine()
    assert 0 < found.cpu <= CORES
    assert found.memory > 2**27
