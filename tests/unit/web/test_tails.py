"""The end of a job in memory: what is kept, and who must read the database."""

import threading
from types import SimpleNamespace
from typing import Any

from web.tails import MOST_BYTES, MOST_FRAMES, Tail


def row(status: str = "running", event_seq: int = 0, **progress: Any) -> Any:
    """Return what a job's row says."""
    return SimpleNamespace(status=status, event_seq=event_seq, progress={"epoch": 1} | progress)


def frames(count: int, size: int = 1) -> list[bytes]:
    """Return so many frames."""
    return [b"x" * size for _ in range(count)]


def test_a_listener_gets_what_is_behind_its_number() -> None:
    """From the first event on, or from any later one."""
    tail = Tail("a")
    tail.add([b"1", b"2", b"3"], row(event_seq=3))
    assert (tail.behind(0), tail.behind(2), tail.behind(3)) == ([b"1", b"2", b"3"], [b"3"], [])


def test_old_events_are_let_go() -> None:
    """By their number and by their bytes; whoever wants them is told that they are not kept."""
    many, large = Tail("a"), Tail("b")
    many.add(frames(MOST_FRAMES + 5), row())
    assert (many.first, many.seq) == (6, MOST_FRAMES + 5)
    assert many.behind(4) is None
    assert many.behind(5) is not None
    large.add(frames(3, MOST_BYTES // 2), row())
    assert (large.first, large.seq) == (2, 3)


def test_it_is_over_when_the_last_event_is_known() -> None:
    """Not before: the end is itself an event. Where the row is gone, at once."""
    tail = Tail("a")
    tail.add([b"1"], row("succeeded", 2))
    assert not tail.over
    tail.add([b"2"], row("succeeded", 2))
    assert tail.over
    gone = Tail("b")
    gone.add([], None)
    assert gone.over


def test_progress_that_did_not_change_is_no_news() -> None:
    """Each change is."""
    tail = Tail("a")
    tail.add([], row(step=1))
    version = tail.version
    tail.add([], row(step=1))
    assert tail.version == version
    tail.add([], row(step=2))
    assert tail.version > version


def test_only_a_running_job_writes_a_sample() -> None:
    """What a stopped one had begun is begun anew."""
    tail, sample = Tail("a"), {"text": "ab", "temperature": 0.6}
    tail.add([], row(sample=sample))
    assert tail.sample == (1, 0.6, "ab", None)
    tail.add([], row("paused", sample=sample))
    assert tail.sample is None


def test_whoever_waits_is_woken() -> None:
    """By an event, and by the server's end."""
    tail = Tail("a")
    tail.add([], row())
    for wake in (lambda: tail.add([b"1"], row()), tail.close):
        timer = threading.Timer(0.05, wake)
        timer.start()
        assert tail.wait(tail.seq, tail.version, 5)
    assert not Tail("b").wait(0, 0, 0.01)
