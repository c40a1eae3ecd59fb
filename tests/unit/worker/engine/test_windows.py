"""Windows: counted, split, ordered, cut."""

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.specs import TrainingSpec
from worker.engine.windows import Order, count, validation_starts

sizes = st.integers(1, 300)
seeds = st.integers(0, 2**63 - 1)


@given(st.integers(0, 60), st.integers(2, 9), st.integers(1, 7))
def test_counts_the_windows_that_fit(characters: int, window: int, step: int) -> None:
    """As many as a loop over the text finds."""
    starts = [s for s in range(0, characters, step) if s + window + 1 <= characters]
    assert count(characters, window, step) == len(starts)


@given(sizes, seeds, st.integers(0, 5))
def test_every_window_once_a_pass(size: int, seed: int, number: int) -> None:
    """Each pass of the endless row is a permutation."""
    order = Order(size, seed)
    starts = order.at(number * size, (number + 1) * size)
    assert sorted(starts) == list(range(size))


@given(sizes, seeds, st.lists(st.integers(0, 700), min_size=3, max_size=3))
def test_the_row_does_not_depend_on_how_it_is_read(size: int, seed: int, cuts: list[int]) -> None:
    """Two pieces, even over the end of a pass, are the whole: a run goes on from any place."""
    first, middle, last = sorted(cuts)
    order = Order(size, seed)
    pieces = np.concatenate([order.at(first, middle), order.at(middle, last)])
    np.testing.assert_array_equal(pieces, order.at(first, last))


def test_passes_and_seeds_differ() -> None:
    """Two passes, or two seeds, have two orders."""
    rows = [Order(100, seed).at(p * 100, (p + 1) * 100) for seed in (0, 1) for p in (0, 1)]
    assert len({tuple(row) for row in rows}) == 4


@pytest.mark.parametrize("size", [3, 5, 17])
def test_every_window_is_as_likely_at_every_place(size: int) -> None:
    """Over many passes no neighbourhood is preferred: within 5 standard deviations."""
    passes = 3_000
    rows = Order(size, 0).at(0, passes * size).reshape(passes, size)
    pairs = Counter(zip(rows[:, 0].tolist(), rows[:, 1].tolist(), strict=True))
    expected = passes / (size * (size - 1))
    assert len(pairs) == size * (size - 1)
    assert max(abs(n - expected) for n in pairs.values()) < 5 * expected**0.5


def test_a_large_order_is_far_from_the_texts_own() -> None:
    """Neighbours in the row are no neighbours in the text."""
    starts = Order(1_000_000, 0).at(0, 10_000)
    assert abs(np.corrcoef(starts[:-1], starts[1:])[0, 1]) < 0.05
    assert abs(starts.mean() - 500_000) < 5 * 1_000_000 / 12**0.5 / 100


def test_the_order_takes_no_memory() -> None:
    """A batch of an order of a thousand million windows needs a batch's memory."""
    tracemalloc.start()
    Order(10**9, 7).at(10**9 - 64, 10**9 + 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


def test_validation_is_the_yardsticks() -> None:
    """The windows are those that ``seed_recipe.py`` draws from the last tenth of the text."""
    ids = np.random.default_rng(1).integers(0, 65, 60_013)
    spec = TrainingSpec()
    held_out = np.lib.stride_tricks.sliding_window_view(ids[int(0.9 * len(ids)) :], 101)
    theirs = held_out[np.random.default_rng(0).integers(0, len(held_out), 4_000)]
    ours = ids[validation_starts(len(ids), spec)[:, None] + np.arange(101)]
    np.testing.assert_array_equal(ours, theirs)


def test_few_held_out_windows_are_all_used() -> None:
    """Every window of a short held-out part, once, and none of the training part."""
    spec = TrainingSpec(window=6, validation_fraction=0.2)
    assert validation_starts(100, spec).tolist() == list(range(80, 94))


def test_no_validation() -> None:
    """Nothing held out, nothing to judge by."""
    assert validation_starts(5_000, TrainingSpec(validation_fraction=0)).size == 0


@given(st.integers(0, 3_000), st.floats(0, 0.5), st.integers(2, 40))
def test_training_and_validation_share_no_character(
    characters: int, fraction: float, window: int
) -> None:
    """Training windows end before the split; validation windows begin behind it."""
    spec = TrainingSpec(window=window, validation_fraction=fraction)
    split = spec.split(characters)
    training, held_out = count(split, window), validation_starts(characters, spec)
    assert training == 0 or training - 1 + window < split
    assert held_out.size == 0 or (held_out.min() >= split and held_out.max() + window < characters)
