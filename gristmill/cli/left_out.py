"""What a run will lack, in a sentence that says what to do."""

from pathlib import Path

from gristmill.cli.quantities import size
from gristmill.client.pack.left_out import LeftOut, Reason

_WHY = {
    Reason.LARGE: "is larger than 1 MB, which makes it data: it is not packed, and the run does not see it",
    Reason.IGNORED: "is ignored: it is not packed, and the run does not see it",
    Reason.OUTSIDE: "lies outside the project: it is not packed, and the run does not see it at this path",
    Reason.LINK: "is a link that leaves the project or leads nowhere: it is not packed",
    Reason.SPECIAL: "is no regular file: it is not packed",
    Reason.UNREADABLE: "cannot be read: it is not packed",
    Reason.NAME: "has a name that other systems refuse: it is not packed; rename it",
}
_WHAT_TO_DO = {
    Reason.LARGE: "`gristmill data add NAME {name}` makes it a data root.",
    Reason.IGNORED: "`!{name}` in .gristmillignore brings it back.",
    Reason.OUTSIDE: "Move it below {root}, or make it a data root: `gristmill data add`.",
}


def sentence(one: LeftOut, root: Path, *, cure: bool = True) -> str:
    """`data/train.csv (1.2 GB) is larger than 1 MB, …`; without its `cure` where that is offered anyway."""
    kind = "/" if one.folder and not one.path.endswith("/") else ""
    weight = f" ({size(one.size)})" if one.size is not None else ""
    advice = _WHAT_TO_DO.get(one.reason, "") if cure else ""
    advice = advice.format(name=f"{one.path}{kind}", root=root)
    return f"{one.path}{kind}{weight} {_WHY[one.reason]}. {advice}".rstrip()
