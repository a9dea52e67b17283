import pytest

from gristmill.runs.model import FaultKind
from gristmill.worker.faults import bounded, cell_fault, death_fault, error_line

TRACEBACK = """\
---------------------------------------------------------------------------
ZeroDivisionError                         Traceback (most recent call last)
Cell In[4], line 2
      1 x = 1
----> 2 outer()

Cell In[3], line 7, in outer()
      6 def outer():
----> 7     inner()

File ~/lib/somewhere.py:9, in inner()
----> 9     1 / 0

ZeroDivisionError: division by zero""".splitlines()


def test_the_line_is_that_of_the_failed_cell() -> None:
    """A function that another cell defined has lines of its own."""
    assert error_line(TRACEBACK, 4) == 2
    assert error_line(TRACEBACK, 3) == 7
    assert error_line(TRACEBACK, 9) is None
    assert error_line([], None) is None


def test_a_cell_fault_is_plain_text_within_bounds() -> None:
    fault = cell_fault(
        cell=2,
        count=4,
        source="x" * 10**6,
        ename="ValueError",
        evalue="\x1b[31m" + "y" * 10**6,
        traceback=["\x1b[0;31mred\x1b[0m"] * 1000 + ["z" * 10**6],
    )
    assert fault.message.startswith("ValueError: yyy")
    assert len(fault.message) <= 2000
    assert fault.source is not None
    assert len(fault.source) == 20_000
    assert fault.traceback[0] == "red"
    assert len(fault.traceback) == 200
    assert all(len(line) <= 2001 for line in fault.traceback)


def test_a_message_ends_with_what_it_says() -> None:
    """R's ends with a line break: one line that is a whole sentence is told as such."""
    said = {"cell": 0, "count": 1, "source": "stop('no')", "traceback": []}
    assert cell_fault(**said, ename="ERROR", evalue="Error: no\n").message == "ERROR: Error: no"  # type: ignore[arg-type]


def test_bounded_lines_keep_the_last_above_all() -> None:
    lines = bounded([str(number) for number in range(1000)])
    assert (lines[0], lines[-1], len(lines)) == ("0", "999", 200)
    assert "801 lines are left out" in lines[50]


@pytest.mark.parametrize(
    ("status", "out_of_memory", "message", "hint"),
    [
        (-9, False, "killed (SIGKILL)", "memory"),
        (-9, True, "because memory ran out", "profile"),
        (-11, False, "crashed (SIGSEGV)", "Native code"),
        (3, False, "exit status 3", "sys.exit(0)"),
    ],
)
def test_a_death_is_explained(status: int, out_of_memory: bool, message: str, hint: str) -> None:  # noqa: FBT001  # a case
    fault = death_fault(status=status, cell=1, source="x", out_of_memory=out_of_memory)
    assert fault.kind is FaultKind.KERNEL_DIED
    assert message in fault.message
    assert fault.hint is not None
    assert hint in fault.hint


def test_a_kernel_whose_end_nobody_saw_is_still_a_fault() -> None:
    assert "does not answer" in death_fault(status=None, cell=None, source=None).message
