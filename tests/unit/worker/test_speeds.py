"""What a worker measures at its start."""

import time

from worker import speeds


def test_who_trains_on_a_processor_measures_it() -> None:
    """In well under a second: a real machine's speed."""
    begin = time.perf_counter()
    found = speeds.measure({"train"}, "cpu", 2)
    assert time.perf_counter() - begin < 1
    assert found
    assert 1e8 < found < 1e14


def test_others_measure_nothing() -> None:
    """Nor is a card measured by a processor's products."""
    assert speeds.measure({"maintenance"}, "cpu", 2) is None
    assert speeds.measure({"generate"}, "cpu", 2) is None
    assert speeds.measure({"train"}, "gpu 0", 2) is None
