import pytest

from gristmill.core.nearest import nearest, offer


@pytest.mark.parametrize(
    ("name", "found"), [("chrun", "churn"), ("CHURN", "churn"), ("fraud", "Fraud"), ("weather", None), ("", None)]
)
def test_the_most_alike_name_is_found_in_whatever_case(name: str, found: str | None) -> None:
    assert nearest(name, ["churn", "Fraud"]) == found


def test_an_offer_is_the_beginning_of_a_hint() -> None:
    assert offer("chrun", ["churn"]) == "Did you mean 'churn'? "
    assert offer("weather", ["churn"]) == ""
