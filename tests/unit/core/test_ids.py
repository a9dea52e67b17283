from datetime import UTC, datetime, timedelta

import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.core.ids import check_id, new_id


def test_ids_sort_by_time_and_are_unique() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ids = [new_id("run", start + timedelta(milliseconds=n)) for n in range(200)]
    assert ids == sorted(ids)
    assert len({new_id("run", start) for _ in range(200)}) == 200
    assert check_id(ids[0]) == ids[0]


@pytest.mark.parametrize("value", ["", "run", "run_", "../etc", "run_../../../../../../../../../x", "run_" + "u" * 26])
def test_what_is_no_id_is_refused(value: str) -> None:
    with pytest.raises(InvalidInputError):
        check_id(value)
