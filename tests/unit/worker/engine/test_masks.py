"""What dropout hides."""

import numpy as np
import pytest
import tensorflow as tf

from worker.engine import masks


def key(number: int) -> tf.Tensor:
    """Return a key."""
    return tf.constant(number, tf.uint32)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_hides_its_share_and_keeps_the_mean(rate: float) -> None:
    """Of 40,000 places the rate's share is 0, and the rest makes up for it."""
    kept = masks.keep((100, 400), key(7), rate).numpy()
    assert (kept == 0).mean() == pytest.approx(rate, abs=0.01)
    np.testing.assert_allclose(np.unique(kept), [0, 1 / (1 - rate)], rtol=1e-6)


def test_a_key_decides_the_mask() -> None:
    """The same key hides the same, its neighbour something else."""
    first, again, other = (masks.keep((50, 60), key(n), 0.5).numpy() for n in (3, 3, 4))
    assert (first == again).all()
    assert (first == other).mean() == pytest.approx(0.5, abs=0.05)


def test_no_row_or_column_is_another_shifted() -> None:
    """Masks of neighbouring keys, rows and columns agree in half of their places."""
    grid = np.stack([masks.keep((40, 500), key(n), 0.5).numpy()[0] > 0 for n in range(40)])
    rows = masks.keep((40, 500), key(0), 0.5).numpy() > 0
    for shares in (grid, rows):
        agreement = (shares[1:] == shares[:-1]).mean(axis=1)
        assert np.abs(agreement - 0.5).max() < 0.15


def test_folded_keys_are_unlike() -> None:
    """A thousand numbers under a key give a thousand keys."""
    keys = {int(masks.fold(key(1), number)) for number in range(1000)}
    assert len(keys) == 1000


def test_is_the_published_hash() -> None:
    """``lowbias32`` in plain integers."""

    def lowbias32(x: int) -> int:
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
            x = (x ^ x >> shift) * factor % 2**32
        return x

    found = [int(masks.fold(key(n), 0)) for n in (0, 1, 2**31 + 5)]
    assert found == [lowbias32(n) for n in (0, 1, 2**31 + 5)]
