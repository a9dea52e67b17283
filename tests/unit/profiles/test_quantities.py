import pytest

from gristmill.profiles import quantities


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("4 GB", 4 * 10**9),
        ("4GiB", 4 * 2**30),
        ("512M", 512 * 10**6),
        ("512Mi", 512 * 2**20),
        ("1.5 gib", 3 * 2**29),
        ("2048000 kB", 2_048_000_000),
        ("1T", 10**12),
        (2**30, 2**30),
    ],
)
def test_memory(text: object, amount: int) -> None:
    assert quantities.memory(text) == amount


@pytest.mark.parametrize("text", ["", "four", "4 QB", "-4 GB", "4 G B", True, None, "nan", "1e3 GB"])
def test_what_is_no_memory(text: object) -> None:
    with pytest.raises(ValueError, match="expected an amount such as 4 GB"):
        quantities.memory(text)


@pytest.mark.parametrize("text", [4, "4", "16 kB", 0])
def test_a_forgotten_unit_is_noticed(text: object) -> None:
    with pytest.raises(ValueError, match="bytes; expected an amount with its unit"):
        quantities.memory(text)


@pytest.mark.parametrize(("text", "number"), [(2, 2.0), ("0.5", 0.5), ("500m", 0.5), (1.5, 1.5)])
def test_cores(text: object, number: float) -> None:
    assert quantities.cores(text) == number


@pytest.mark.parametrize("text", [0, -1, "two", True, None, "nan", "inf", "m"])
def test_what_is_no_number_of_cores(text: object) -> None:
    with pytest.raises(ValueError, match="expected a number of cores over 0"):
        quantities.cores(text)


@pytest.mark.parametrize(
    ("amount", "says"), [(3_600_000_000, "3.6 GB"), (512 * 10**6, "512 MB"), (10**13, "10 TB"), (12, "12 bytes")]
)
def test_bytes_in_words(amount: int, says: str) -> None:
    assert quantities.in_words(amount) == says
