from tools.wheel import differences

INFO = tuple(f"gristmill-1.dist-info/{name}" for name in ("METADATA", "entry_points.txt", "licenses/LICENSE", "WHEEL"))


def test_a_wheel_with_exactly_the_package_passes() -> None:
    assert differences(["gristmill/py.typed", *INFO], {"gristmill/py.typed"}) == []


def test_what_is_left_out_is_named() -> None:
    found = differences(INFO[1:], {"gristmill/py.typed"})
    assert found == ["lacks gristmill/py.typed", "lacks dist-info/METADATA"]


def test_what_leaks_in_is_named() -> None:
    assert differences(["tests/test_x.py", *INFO], set()) == ["has tests/test_x.py, which is no file of the tree"]
