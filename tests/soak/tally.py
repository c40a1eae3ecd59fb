"""What was asked, what was answered, how long it took, and which answers were not expected."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection

import httpx

# So many of them are told; of the rest how many there were.
MOST_TOLD = 40
# What an answer may be, as of when it came: what is there may be deleted meanwhile.
Expected = Collection[int] | Callable[[], Collection[int]]


class Tally:
    """All answers of a soak, by kind of request."""

    def __init__(self) -> None:
        self.statuses: dict[str, Counter[int]] = defaultdict(Counter)
        self.seconds: dict[str, array[float]] = defaultdict(lambda: array("d"))
        self.wrong: Counter[str] = Counter()
        self.broken = 0

    @property
    def requests(self) -> int:
        """How many were answered."""
        return sum(sum(statuses.values()) for statuses in self.statuses.values())

    @property
    def by_status(self) -> Counter[int]:
        """How many answers had each status."""
        return sum(self.statuses.values(), Counter())

    @property
    def failures(self) -> int:
        """How many answers were of the 500 kind."""
        return sum(count for status, count in self.by_status.items() if status >= 500)

    def add(self, kind: str, status: int, seconds: float) -> None:
        """Note an answer."""
        self.statuses[kind][status] += 1
        self.seconds[kind].append(seconds)

    def judge(self, kind: str, answer: httpx.Response, expected: Expected, body: str) -> None:
        """Complain of an answer whose status is none of the expected ones."""
        status, expected = answer.status_code, expected() if callable(expected) else expected
        # Whoever is told when to come again is refused as it should be.
        if status in expected or (status == 429 and "Retry-After" in answer.headers):
            return
        asked = f"{answer.request.method} {answer.request.url.raw_path.decode()[:200]}"
        self.complain(f"{kind}: {asked}: {status}, not one of {sorted(expected)}: {body}")

    def complain(self, complaint: str) -> None:
        """Note something that must not be."""
        self.wrong[complaint] += 1

    def complaints(self) -> list[str]:
        """Return the first complaints, and how many more there are."""
        told = [f"{text} (× {count})" for text, count in self.wrong.most_common(MOST_TOLD)]
        more = len(self.wrong) - MOST_TOLD
        return told + ([f"... and {more} more"] if more > 0 else [])
