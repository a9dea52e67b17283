"""How soon a step of the control loop is due again, if no commit wakes the loop before."""

from enum import IntEnum


class Pace(IntEnum):
    """The larger, the sooner."""

    IDLE = 0  # all is as it should be: only a death would be news
    BUSY = 1  # something is under way
    SOON = 2  # a process is about to end that holds what others wait for
