"""A node as a pool process has it, in the test's own process."""

from dataclasses import dataclass, field
from typing import Any

from shared.db import Database
from shared.settings import Settings
from worker.node import Node
from worker.stopping import StopFlag


@dataclass
class RaisedAfter:
    """A stop flag that goes up by itself when it has been looked at often enough: a fake."""

    looks: int
    seen: int = field(default=0)

    def is_up(self) -> bool:
        """Count the look."""
        self.seen += 1
        return self.seen > self.looks

    def raise_(self) -> None:
        """Go up now."""
        self.looks = -1


def make_node(
    db: Database, settings: Settings, *, name: str = "node:1", stop: Any = None, **parts: Any
) -> Node:
    """Return a node that works on ``db``; ``parts`` are further fields of ``Node``."""
    return Node(settings, db, name, stop or StopFlag(), **parts)
