"""A thing gets the profile that it names, or the default one."""

from dataclasses import replace

import pytest

from gristmill.core.errors import InvalidInputError, NotFoundError
from gristmill.profiles.model import Catalogue, Profile, ProfileUse, Resources
from gristmill.profiles.service import resolve

SIZE = Resources(cpu=1, memory=10**9)
CATALOGUE = Catalogue(
    profiles=(
        Profile(name="served", resources=SIZE, uses=frozenset({ProfileUse.ENDPOINT})),
        Profile(name="medium", resources=SIZE, uses=frozenset({ProfileUse.RUN, ProfileUse.KERNEL}), default=True),
        Profile(name="large", resources=SIZE, uses=frozenset({ProfileUse.RUN})),
    ),
    capacity=SIZE,
    source="a file",
)


def test_by_name() -> None:
    assert resolve(CATALOGUE, "large", ProfileUse.RUN).name == "large"


@pytest.mark.parametrize(("use", "name"), [(ProfileUse.RUN, "medium"), (ProfileUse.ENDPOINT, "served")])
def test_without_a_name_the_default_or_the_first_that_allows_the_use(use: ProfileUse, name: str) -> None:
    assert resolve(CATALOGUE, None, use).name == name


def test_a_use_may_have_a_default_of_its_own() -> None:
    for_endpoints = Profile(name="small", resources=SIZE, default_for=frozenset({ProfileUse.ENDPOINT}))
    catalogue = replace(CATALOGUE, profiles=(*CATALOGUE.profiles, for_endpoints))
    assert resolve(catalogue, None, ProfileUse.ENDPOINT).name == "small"
    assert resolve(catalogue, None, ProfileUse.RUN).name == "medium"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="there is no profile 'Larg'") as caught:
        resolve(CATALOGUE, "Larg", ProfileUse.RUN)
    assert caught.value.hint == "Did you mean 'large'? Profiles: served, medium, large."


def test_a_profile_for_something_else_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="'served' is for endpoint and not for run") as caught:
        resolve(CATALOGUE, "served", ProfileUse.RUN)
    assert caught.value.hint == "Profiles for run: medium, large."


def test_a_use_that_no_profile_allows() -> None:
    with pytest.raises(NotFoundError, match="no profile of a file is for server"):
        resolve(CATALOGUE, None, ProfileUse.SERVER)
