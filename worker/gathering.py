"""What several texts wrote since it was last stored: never much, and never for long."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from shared.jobs.written import NewPiece

# Of one text in bytes, and of all in seconds.
GATHER_BYTES, GATHER_SECONDS = 4096, 0.1


@dataclass
class _Tail:
    """The end of a text, and how much of it was stored before."""

    number: int
    start: int = 0
    start_byte: int = 0
    parts: list[str] = field(default_factory=list)
    bytes: int = 0

    def add(self, part: str) -> None:
        if part:
            self.parts.append(part)
            self.bytes += len(part.encode())

    def take(self) -> NewPiece:
        piece = NewPiece(self.number, self.start, self.start_byte, "".join(self.parts))
        self.start += len(piece.text)
        self.start_byte += self.bytes
        self.parts, self.bytes = [], 0
        return piece


class Gathered:
    """The ends of the texts of these numbers, with the places where they belong."""

    def __init__(self, numbers: Iterable[int], clock: Callable[[], float] = time.monotonic):
        self._tails = [_Tail(number) for number in numbers]
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Count the time from now, as what was gathered is stored."""
        self._begun = self._added = self._clock()
        self._between = 0.0

    def add(self, parts: list[str]) -> None:
        """Take what each text went on with, '' where it did not."""
        at = self._clock()
        self._between, self._added = at - self._added, at
        for tail, part in zip(self._tails, parts, strict=True):
            tail.add(part)

    def is_due(self) -> bool:
        """Tell whether one text has enough, or waiting as long again would be too long."""
        next_ = self._added + self._between
        late = next_ - self._begun > GATHER_SECONDS
        return late or any(tail.bytes >= GATHER_BYTES for tail in self._tails)

    def take(self) -> list[NewPiece]:
        """Return a piece of each text that went on; nothing stays."""
        return [tail.take() for tail in self._tails if tail.parts]

    def sizes(self) -> dict[int, int]:
        """Return the bytes of what was taken of each text, by its number."""
        return {tail.number: tail.start_byte for tail in self._tails}
