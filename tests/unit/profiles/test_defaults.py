"""A machine without a catalogue gets one that fits it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.profiles.defaults import default_catalogue
from gristmill.profiles.machine import Machine
from gristmill.profiles.model import ProfileUse
from gristmill.profiles.service import resolve

GB = 10**9


def sizes(cpu: float, memory: int) -> dict[str, tuple[float, float]]:
    profiles = default_catalogue(Machine(cpu=cpu, memory=memory)).profiles
    return {one.name: (one.resources.cpu, round(one.resources.memory / GB, 1)) for one in profiles}


def test_two_cores() -> None:
    assert sizes(2, 8 * GB) == {"small": (0.5, 1.7), "medium": (1, 3.6), "large": (2, 7.2)}


def test_sixty_four_cores() -> None:
    assert sizes(64, 256 * GB) == {"small": (2, 7.2), "medium": (8, 28.8), "large": (64, 230.4)}


@pytest.mark.parametrize("cpu", [1, 2, 4, 16, 64])
def test_two_endpoints_leave_a_run_its_place(cpu: float) -> None:
    """Those for which nobody named a profile."""
    catalogue = default_catalogue(Machine(cpu=cpu, memory=8 * GB))
    endpoint = resolve(catalogue, None, ProfileUse.ENDPOINT).resources
    run = resolve(catalogue, None, ProfileUse.RUN).resources
    assert (endpoint + endpoint + run).fits_in(catalogue.capacity)


@given(st.floats(0.1, 512), st.integers(2**29, 2**42), st.integers(0, 16))
def test_every_profile_fits_and_one_is_the_default(cpu: float, memory: int, devices: int) -> None:
    catalogue = default_catalogue(Machine(cpu=cpu, memory=memory, accelerators=("A",) * devices))
    small, medium, large = (one.resources for one in catalogue.profiles[:3])
    assert small.fits_in(medium)
    assert medium.fits_in(large)
    assert all(one.resources.fits_in(catalogue.capacity) for one in catalogue.profiles)
    assert all(one.resources.cpu > 0 and one.resources.memory > 0 for one in catalogue.profiles)
    assert [one.name for one in catalogue.profiles if one.default] == ["medium"]
    assert all(one.uses == frozenset(ProfileUse) for one in catalogue.profiles)


def test_a_gpu_comes_with_its_share_of_the_machine() -> None:
    gpu = default_catalogue(Machine(cpu=16, memory=128 * GB, accelerators=("NVIDIA H200",) * 2)).profiles[-1]
    assert (gpu.name, gpu.accelerator, gpu.resources.accelerators, gpu.resources.cpu) == ("gpu", "NVIDIA H200", 1, 8)
    assert gpu.description == "8 cores, 57.6 GB, 1 NVIDIA H200"


def test_of_different_gpus_none_is_promised() -> None:
    assert default_catalogue(Machine(cpu=2, memory=GB, accelerators=("A", "B"))).profiles[-1].accelerator is None


def test_without_a_gpu_there_is_no_profile_for_one() -> None:
    assert "gpu" not in sizes(4, 8 * GB)


@pytest.mark.parametrize(("cpu", "says"), [(1, "1 core, 901 MB"), (2, "2 cores, 901 MB")])
def test_a_profile_says_what_it_is(cpu: float, says: str) -> None:
    assert default_catalogue(Machine(cpu=cpu, memory=10**9)).profiles[2].description.startswith(says[:6])
