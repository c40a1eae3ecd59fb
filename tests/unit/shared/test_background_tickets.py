"""Tickets sent from a thread of their own."""

import threading
import time

from shared.queue import BackgroundTickets, FakeTickets


class SlowTickets(FakeTickets):
    """A broker that answers only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def send(self, queue: str) -> bool:
        """Wait, then remember the ticket."""
        self.let.wait(10)
        return super().send(queue)


def sent_by(tickets: FakeTickets, count: int) -> list[str]:
    """Wait for ``count`` tickets, then a moment for any too many."""
    deadline = time.monotonic() + 5
    while len(tickets.sent) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    return sorted(tickets.sent)


def test_nobody_waits_for_the_broker() -> None:
    """Sending returns at once, and the ticket goes out when the broker answers."""
    slow = SlowTickets()
    begun = time.monotonic()
    assert BackgroundTickets(slow).send("train")
    assert time.monotonic() - begun < 1
    slow.let.set()
    assert sent_by(slow, 1) == ["train"]


def test_a_broker_that_is_away_gathers_no_backlog() -> None:
    """While one ticket is stuck, each queue has at most one more behind it."""
    slow = SlowTickets()
    background = BackgroundTickets(slow)
    for _ in range(50):
        background.send("train")
        background.send("generate")
        time.sleep(0.001)
    slow.let.set()
    found = sent_by(slow, 3)
    assert set(found) == {"generate", "train"}
    assert len(found) <= 4


def test_counting_asks_the_broker() -> None:
    """What waits is what the broker says."""
    fake = FakeTickets()
    fake.sent += ["train", "train"]
    assert BackgroundTickets(fake).waiting("train") == 2
