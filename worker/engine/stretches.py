"""What the stretches that a text copies come to, gathered from its beginning to its end."""

import heapq
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Anybody may write 40 characters that stand somewhere: longer stretches are copied.
COPIED_STRETCH = 40
# Told one by one, the longest of them; the others are counted.
MOST_TOLD = 100


@dataclass(frozen=True, order=True)
class Copy:
    """A stretch of the written text that the corpus has: ``start``, ``at`` count characters."""

    start: int
    length: int
    at: int


@dataclass(frozen=True)
class Copying:
    """What was found in a text of ``characters``: ``copied`` of them lie in ``found`` stretches of
    more than ``COPIED_STRETCH`` characters that go no further on either side.

    ``copies`` are the longest ``MOST_TOLD`` of these, in the text's order.
    """

    characters: int
    longest: int
    copied: int
    found: int
    copies: list[Copy]

    @property
    def share(self) -> float:
        """The share of characters that lie in copied stretches, from 0 to 1."""
        return self.copied / self.characters if self.characters else 0.0


@dataclass
class Tally:
    """The stretches found so far; it grows by no more than ``MOST_TOLD`` of them."""

    characters: int = 0
    longest: int = 0
    copied: int = 0
    found: int = 0
    # How far the match before, and the last copied stretch, went.
    _reached: int = 0
    _covered: int = 0
    _told: list[tuple[int, int, Copy]] = field(default_factory=list)

    def add(self, lengths: Any, places: Any) -> None:
        """Take how long (M,) and where (M,) the next ``M`` places of the text match longest."""
        at = self.characters + np.arange(len(lengths))
        reached = at + lengths
        further = reached > np.concatenate([[self._reached], reached[:-1]])
        begin = np.flatnonzero(further & (lengths > COPIED_STRETCH))
        before = np.concatenate([[self._covered], reached[begin][:-1]])
        # Stretches begin and end in one order, so each adds what the last one did not cover.
        self.copied += int((reached[begin] - np.maximum(at[begin], before[: len(begin)])).sum())
        self.characters += len(lengths)
        self.longest = max(self.longest, int(lengths.max(initial=0)))
        self.found += len(begin)
        self._reached = int(reached[-1])
        self._covered = int(reached[begin].max(initial=self._covered))
        self._tell(at[begin], lengths[begin], places[begin])

    def copying(self) -> Copying:
        """Return what was found."""
        copies = sorted(copy for _, _, copy in self._told)
        return Copying(self.characters, self.longest, self.copied, self.found, copies)

    def _tell(self, starts: Any, lengths: Any, places: Any) -> None:
        for one in np.argsort(-lengths, kind="stable")[:MOST_TOLD]:
            copy = Copy(int(starts[one]), int(lengths[one]), int(places[one]))
            heapq.heappush(self._told, (copy.length, -copy.start, copy))
            if len(self._told) > MOST_TOLD:
                heapq.heappop(self._told)
