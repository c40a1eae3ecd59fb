"""A resume state as bytes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from worker.engine.state import Position, TrainingState


def a_state() -> TrainingState:
    """Return a state with arrays of several kinds, more than ten of them."""
    weights: list[NDArray[Any]] = [np.full((3, n), n, np.float32) for n in range(1, 13)]
    return TrainingState(weights, [np.int64(5) * np.ones(()), np.zeros(4)], Position(2, 7, 1.25))


def test_comes_back_as_it_was() -> None:
    """Every array keeps its place, kind and bytes; so does the position."""
    before = a_state()
    after = TrainingState.from_bytes(before.to_bytes())
    assert after.position == before.position
    for ours, theirs in ((before.weights, after.weights), (before.optimizer, after.optimizer)):
        assert [(a.dtype, a.shape, a.tobytes()) for a in ours] == [
            (a.dtype, a.shape, a.tobytes()) for a in theirs
        ]


def test_equal_states_are_equal_bytes() -> None:
    """No date is in it: a state that is stored twice is one blob."""
    assert a_state().to_bytes() == a_state().to_bytes()


def test_pickles_are_refused() -> None:
    """A file that holds code is not read."""
    import io

    file = io.BytesIO()
    np.savez(file, position=np.array([{"a": 1}], object))
    with pytest.raises(ValueError, match="allow_pickle"):
        TrainingState.from_bytes(file.getvalue())


def test_equal_states_of_two_owners_are_not_equal_bytes() -> None:
    """Each is stored for itself, so that one may go while the other stays."""
    first, second = (bytes(a_state().to_bytes(owner)) for owner in ("a job", "another"))
    assert first != second
    assert TrainingState.from_bytes(first).position == a_state().position
