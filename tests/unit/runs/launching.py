"""An executor that only takes note."""

from dataclasses import dataclass, field

from gristmill.runs.executors.base import Launch


@dataclass
class NotingExecutor:
    launched: list[Launch] = field(default_factory=list)

    def launch(self, launch: Launch) -> None:
        self.launched.append(launch)
