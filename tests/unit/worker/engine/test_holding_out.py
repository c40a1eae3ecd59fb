"""Keeping a model's frozen text out of what its runs train on."""

import numpy as np

from worker.engine.holding_out import frozen_characters, without


def test_a_tenth_is_frozen_up_to_a_limit() -> None:
    """So a long text gives no more than is needed to tell models apart."""
    assert frozen_characters(1_000) == 100
    assert frozen_characters(10_000_000) == 100_000


def test_the_frozen_text_is_cut_out_wherever_it_stands() -> None:
    """What is left is the rest of the text, in its order."""
    rng = np.random.default_rng(0)
    ids, frozen = rng.integers(0, 50, 2_000), rng.integers(0, 50, 200)
    spread = np.concatenate([ids[:700], frozen, ids[700:]]).astype(np.uint8)
    assert np.array_equal(without(spread, frozen.astype(np.uint8)), ids)


def test_a_text_that_shares_passages_with_it_keeps_them() -> None:
    """Where most would go, only the frozen text as a whole is taken out."""
    rng = np.random.default_rng(1)
    chorus, end = rng.integers(0, 50, 300), rng.integers(0, 50, 100)
    verses = [np.concatenate([chorus, rng.integers(0, 50, 20)]) for _ in range(8)]
    frozen = np.concatenate([chorus, end]).astype(np.uint8)
    text = np.concatenate([*verses, frozen]).astype(np.uint8)
    assert len(without(text, frozen)) == len(text) - len(frozen)


def test_of_one_passage_over_and_over_the_end_is_taken() -> None:
    """A text that is the frozen one everywhere still leaves nine tenths to train on."""
    text = np.tile(np.arange(60, dtype=np.uint8), 100)
    frozen = text[len(text) - frozen_characters(len(text)) :]
    assert len(without(text, frozen)) == len(text) - len(frozen)


def test_a_long_text_that_repeats_itself_costs_no_more_than_another() -> None:
    """Every place of it lies in matches as long as the frozen text: none is followed to its end."""
    text = np.zeros(1_000_000, np.uint8)
    frozen = text[len(text) - frozen_characters(len(text)) :]
    assert len(without(text, frozen)) == len(text) - len(frozen)
