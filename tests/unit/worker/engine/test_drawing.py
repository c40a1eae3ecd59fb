"""What a character is drawn from: the article's formula made right, and its compiled twin."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.unit.worker.engine.twins import adjust
from worker.engine import kernels

VOCABULARY = 5
shares = arrays(np.float64, (3, VOCABULARY), elements=st.floats(0, 1)).map(
    lambda rows: rows + 1e-3 * (rows.sum(axis=1, keepdims=True) == 0)
)
# In steps that probabilities tell apart, and at temperatures that do not blow their rounding up.
logits = arrays(np.float32, VOCABULARY, elements=st.integers(-960, 960).map(lambda n: n / 32))
temperatures = st.just(0.0) | st.floats(0.01, 10)
top_ks = st.integers(1, 7) | st.none()
top_ps = st.floats(0.01, 1) | st.none()


def one_row(*values: float) -> Any:
    """Return probabilities (1, V)."""
    return np.array([values])


@given(shares, st.floats(0.05, 5))
def test_temperature_is_the_articles_formula(rows: Any, temperature: float) -> None:
    """Where no probability is 0 it is exp(log(p) / t), shared out."""
    rows = (rows + 0.01) / (rows + 0.01).sum(axis=1, keepdims=True)
    powers = np.exp(np.log(rows) / temperature)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(adjust(rows, np.full(3, temperature)), expected, rtol=1e-9)


@given(shares, st.floats(0, 10), st.integers(1, 7) | st.none(), st.floats(0.01, 1) | st.none())
def test_every_row_sums_to_one(
    rows: Any, temperature: float, top_k: int | None, top_p: float | None
) -> None:
    """Whatever is asked, what is drawn from is a probability vector."""
    rows = rows / rows.sum(axis=1, keepdims=True)
    found = adjust(rows, np.full(3, temperature), top_k, top_p)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 1e-6, 0.6, 10.0])
def test_an_impossible_character_stays_impossible(temperature: float) -> None:
    """A probability of 0 has no log and is never drawn."""
    found = adjust(one_row(0.0, 0.25, 0.75), np.array([temperature]))
    assert found[0, 0] == 0
    assert np.isfinite(found).all()


def test_temperature_zero_is_greedy() -> None:
    """The likeliest character has it all; among equals the lowest id."""
    found = adjust(np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]]), np.zeros(2))
    assert found.tolist() == [[0, 1, 0], [1, 0, 0]]


def test_each_stream_has_its_temperature() -> None:
    """Temperature 1 changes nothing beside a stream that is greedy."""
    found = adjust(np.array([[0.2, 0.5, 0.3]] * 2), np.array([0.0, 1.0]))
    np.testing.assert_allclose(found, np.array([[0, 1, 0], [0.2, 0.5, 0.3]]))


def test_top_k_keeps_the_likeliest() -> None:
    """Of five, the two likeliest share everything in their proportion."""
    found = adjust(one_row(0.1, 0.4, 0.05, 0.2, 0.25), np.ones(1), top_k=2)
    np.testing.assert_allclose(found, one_row(0, 0.4 / 0.65, 0, 0, 0.25 / 0.65))


def test_top_p_keeps_what_reaches_the_share() -> None:
    """The likeliest stay until their shares reach p, the one that crosses it too."""
    found = adjust(one_row(0.1, 0.4, 0.05, 0.2, 0.25), np.ones(1), top_p=0.5)
    np.testing.assert_allclose(found, one_row(0, 0.4 / 0.65, 0, 0, 0.25 / 0.65))


def shared_out(row: Any, temperature: float, top_k: int | None, top_p: float | None) -> Any:
    """Return what the compiled twin makes of logits (V)."""
    found = np.empty(len(row), np.float64)
    total = kernels.share_out(row, float(temperature), top_k or 0, float(top_p or 1), found)
    return found / total


@settings(deadline=None)  # the first call compiles
@given(logits, temperatures, top_ks, top_ps)
@example(np.array([1, 3, 3, 2, 3], np.float32), 0.0, None, None)
@example(np.array([1, 3, 3, 2, 3], np.float32), 1.0, 2, None)
@example(np.array([0, 0, 0, 0, 0], np.float32), 1.0, 3, 0.5)
def test_the_compiled_twin_draws_from_the_same(
    row: Any, temperature: float, top_k: int | None, top_p: float | None
) -> None:
    """From logits what ``adjust`` makes of their probabilities."""
    powers = np.exp(row.astype(np.float64) - row.max())
    found = shared_out(row, temperature, top_k, None)
    expected = adjust((powers / powers.sum())[None], np.array([temperature]), top_k)[0]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    # Where the shares so far are within rounding of top_p, either may be right.
    untouched = np.sort(shared_out(row, temperature, None, None))[::-1]
    if top_p is None or np.abs(np.cumsum(untouched) - top_p).min() > 1e-6:
        found = shared_out(row, temperature, top_k, top_p)
        expected = adjust((powers / powers.sum())[None], np.array([temperature]), top_k, top_p)[0]
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_logits_that_are_no_numbers_are_told(bad: float) -> None:
    """The sum is no number, and nothing is drawn."""
    row, found = np.array([0, bad, 1], np.float32), np.empty(3)
    assert not np.isfinite(kernels.share_out(row, 1.0, 0, 1.0, found))


@settings(deadline=None)
@given(shares, st.floats(0, 1, exclude_max=True))
def test_a_uniform_number_falls_into_one_stretch(rows: Any, uniform: float) -> None:
    """The id whose share holds it; one without a share is never drawn."""
    row = np.ascontiguousarray(rows[0])
    found = kernels.draw(row, row.sum(), uniform)
    assert row[found] > 0
    before = row[:found].sum()
    assert before <= uniform * row.sum() * (1 + 1e-12) + 1e-300
    assert uniform * row.sum() <= (before + row[found]) * (1 + 1e-12)


@settings(deadline=None)
@given(arrays(np.float32, 33, elements=st.floats(-(2.0**100), 2.0**100, width=32)))
@example(np.linspace(-12, 12, 33, dtype=np.float32))
def test_tanh_and_the_logistic_function(x: Any) -> None:
    """To 3e-7 of NumPy's in double precision."""
    tanh, logistic = x.copy(), x.copy()
    kernels.squash(tanh)
    kernels.gate(logistic)
    np.testing.assert_allclose(tanh, np.tanh(x.astype(np.float64)), atol=3e-7)
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-x.astype(np.float64)))
    np.testing.assert_allclose(logistic, expected, atol=3e-7)
