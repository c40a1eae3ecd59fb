"""Bits per character: against Keras, unknown characters, being told to stop."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from worker.engine import judging
from worker.engine.characters import CharacterModel
from worker.engine.judging import ESCAPE_BITS, bits_per_character
from worker.engine.vocabulary import Vocabulary

LETTERS = Vocabulary("abcde")
TEXT = "abacadabecabbedcadeeabba"


def by_keras(model: Any, text: str) -> float:
    """Return the mean of -log2 p, each character's from all before it, by the Keras model."""
    ids = LETTERS.encode(text)
    bits = []
    for place in range(1, len(ids)):
        one_hot = np.eye(len(LETTERS), dtype=np.float32)[ids[:place]][None]
        bits.append(-np.log2(model(one_hot).numpy()[0, ids[place]]))
    return float(np.mean(bits))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_it_is_what_keras_says(small_model: Callable[..., Any], layers: int, cell: str) -> None:
    model = small_model(layers, cell)
    found = bits_per_character(CharacterModel.from_keras(model), LETTERS, TEXT)
    assert found == pytest.approx(by_keras(model, TEXT), abs=1e-4)


def test_pieces_are_one_text(
    small_model: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state goes over from piece to piece, and whoever waits hears of each."""
    model, calls = CharacterModel.from_keras(small_model(1)), []
    whole = bits_per_character(model, LETTERS, TEXT)
    monkeypatch.setattr(judging, "PIECE_CHARACTERS", 10)
    pieces = bits_per_character(model, LETTERS, TEXT, between=lambda: calls.append(1))
    assert pieces == pytest.approx(whole, abs=1e-9)
    assert len(calls) == 3


def test_unknown_characters_cost_the_choice_among_all(small_model: Callable[..., Any]) -> None:
    """One without a likeness is not read; one with a likeness is read as that."""
    model = CharacterModel.from_keras(small_model(1))
    plain = bits_per_character(model, LETTERS, "abacad") * 5
    assert bits_per_character(model, LETTERS, "aba東cad") * 6 == pytest.approx(plain + ESCAPE_BITS)
    accented = bits_per_character(model, LETTERS, "abacád", nearest={"á": "a"}.__getitem__) * 5
    fourth = bits_per_character(model, LETTERS, "abaca") * 4 - (
        bits_per_character(model, LETTERS, "abac") * 3
    )
    assert accented == pytest.approx(plain - fourth + ESCAPE_BITS)


@pytest.mark.parametrize("text", ["", "a"])
def test_too_little_to_judge(small_model: Callable[..., Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"the text has {len(text)} characters; at least 2"):
        bits_per_character(CharacterModel.from_keras(small_model(1)), LETTERS, text)
