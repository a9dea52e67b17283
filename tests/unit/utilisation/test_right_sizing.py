"""Which profile would have done."""

from dataclasses import replace

import pytest

from gristmill.profiles.model import Catalogue, Profile, ProfileUse, Resources
from gristmill.utilisation.model import Advice, Sizing
from gristmill.utilisation.right_sizing import Used, advise

GB = 10**9
SMALL = Profile(name="small", resources=Resources(cpu=1, memory=4 * GB))
MEDIUM = Profile(name="medium", resources=Resources(cpu=2, memory=16 * GB), default=True)
LARGE = Profile(name="large", resources=Resources(cpu=8, memory=64 * GB))
GPU = Profile(name="gpu", resources=Resources(cpu=8, memory=64 * GB, accelerators=1), accelerator="H100")
HUGE = Profile(name="huge", resources=Resources(cpu=99, memory=999 * GB))
CATALOGUE = Catalogue(
    profiles=(SMALL, MEDIUM, LARGE, GPU, HUGE),
    capacity=Resources(cpu=16, memory=128 * GB, accelerators=1),
    source="test",
)
MINUTES = Used(seconds=300, busy=0.9, memory_peak=int(3.1 * GB))


def of(used: Used, profile: Profile = MEDIUM, *, succeeded: bool = True, out_of_memory: bool = False) -> Advice:
    return advise(used, CATALOGUE, profile, succeeded=succeeded, out_of_memory=out_of_memory)


def test_a_smaller_profile_that_holds_the_peak_would_do() -> None:
    assert of(MINUTES) == Advice(
        sizing=Sizing.SMALLER, says="peak 3.1 of 16 GB, 0.9 of 2 cores: profile small would do", profile="small"
    )


def test_the_smallest_that_would_do_is_offered() -> None:
    assert of(MINUTES, LARGE).profile == "small"
    assert of(replace(MINUTES, busy=1.4), LARGE).profile == "medium"


def test_a_peak_that_nearly_fills_the_smaller_one_does_not_fit_in_it() -> None:
    assert of(replace(MINUTES, memory_peak=int(3.3 * GB))).sizing is Sizing.FITS


def test_a_little_more_than_one_core_fits_in_one() -> None:
    assert of(replace(MINUTES, busy=1.04)).profile == "small"
    assert of(replace(MINUTES, busy=1.06)).sizing is Sizing.FITS


def test_nothing_is_said_of_a_short_run_or_of_one_that_failed_but_what_it_used() -> None:
    says = "peak 3.1 of 16 GB, 0.9 of 2 cores"
    assert of(replace(MINUTES, seconds=59)) == Advice(sizing=Sizing.UNKNOWN, says=says)
    assert of(MINUTES, succeeded=False) == Advice(sizing=Sizing.UNKNOWN, says=says)


def test_memory_that_ran_out_asks_for_more_however_short_the_run() -> None:
    used = Used(seconds=2, busy=0.5, memory_peak=int(2.2 * GB))
    found = of(used, SMALL, succeeded=False, out_of_memory=True)
    assert found.sizing is Sizing.LARGER
    assert found.profile == "medium"
    assert found.says == "memory ran out, peak 2.2 of 4 GB, 0.5 of 1 core: profile medium has 16 GB"


def test_a_peak_near_the_limit_asks_for_more_and_one_above_it_says_so() -> None:
    near, above = replace(MINUTES, memory_peak=int(3.9 * GB)), replace(MINUTES, memory_peak=int(5 * GB))
    assert of(near, SMALL).says == "peak 3.9 of 4 GB, 0.9 of 1 core, nearly all its memory: profile medium has 16 GB"
    assert of(above, SMALL).says == (
        "peak 5 of 4 GB, 0.9 of 1 core, more memory than small has: profile medium has 16 GB"
    )


def test_a_profile_that_the_machine_cannot_give_is_not_offered() -> None:
    found = of(replace(MINUTES, memory_peak=63 * GB), LARGE)
    assert (found.sizing, found.profile) == (Sizing.LARGER, None)
    assert found.says.endswith("no profile here has enough more")


def test_a_device_that_was_idle_all_the_time_is_not_needed() -> None:
    assert of(replace(MINUTES, gpu_peak=0.0), GPU) == Advice(
        sizing=Sizing.SMALLER,
        says="peak 3.1 of 64 GB, 0.9 of 8 cores, GPU idle: profile small would do",
        profile="small",
    )


@pytest.mark.parametrize("peak", [None, 0.01, 0.9])
def test_a_device_that_was_used_or_not_seen_is_kept(peak: float | None) -> None:
    assert of(replace(MINUTES, gpu_peak=peak), GPU).sizing is Sizing.FITS


def test_a_profile_of_another_use_or_of_another_group_is_not_offered() -> None:
    servers = replace(SMALL, uses=frozenset({ProfileUse.SERVER}))
    others = replace(SMALL, groups=frozenset({"staff"}))
    for one in (servers, others):
        catalogue = replace(CATALOGUE, profiles=(one, MEDIUM))
        assert advise(MINUTES, catalogue, MEDIUM, succeeded=True).sizing is Sizing.FITS


def test_a_cheaper_profile_comes_before_one_with_less_memory() -> None:
    dear = replace(SMALL, rate_per_hour=2.0)
    cheap = Profile(name="cheap", resources=Resources(cpu=1, memory=8 * GB), rate_per_hour=1.0)
    catalogue = replace(CATALOGUE, profiles=(dear, cheap, MEDIUM))
    assert advise(MINUTES, catalogue, MEDIUM, succeeded=True).profile == "cheap"
