"""Scores of characters: against a slow twin and Keras, unknown characters, pieces."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.worker.engine.twins import ranking
from worker.engine import scoring
from worker.engine.characters import CharacterModel
from worker.engine.scoring import Scores, score
from worker.engine.vocabulary import Vocabulary

Models = Callable[..., Any]
LETTERS = Vocabulary("abcde")
TEXT = "abacadabecabbedcadeeabba"
cells = pytest.mark.parametrize("kind", [(1, "lstm", 0), (2, "lstm", 0.2), (3, "gru", 0)])


def arrays(scores: Scores) -> list[Any]:
    """Return all that is known, to be compared."""
    return [array.tolist() for array in scores.arrays()]


@cells
def test_agrees_with_a_slow_twin(small_model: Models, kind: Any) -> None:
    """Probabilities, ranks and the likeliest, each place from all before it."""
    model = small_model(*kind)
    found = score(CharacterModel.from_keras(model), LETTERS, TEXT, 3)
    ids = LETTERS.encode(TEXT).tolist()
    for place, own in enumerate(ids):
        shares, order = ranking(model.get_weights(), ids[:place])
        assert np.exp(found.logs[place]) == pytest.approx(shares[own], abs=1e-6)
        assert found.ranks[place] == order.index(own) + 1
        assert found.best[place].tolist() == order[:3]
        np.testing.assert_allclose(np.exp(found.best_logs[place]), shares[order[:3]], atol=1e-6)


@cells
def test_tells_what_is_likely_behind_the_text(small_model: Models, kind: Any) -> None:
    """As a slow twin has it, also behind a character that the model does not know."""
    model = small_model(*kind)
    for text in (TEXT, TEXT + "東"):
        behind = score(CharacterModel.from_keras(model), LETTERS, text, 3).behind
        assert behind is not None
        shares, order = ranking(model.get_weights(), LETTERS.encode(TEXT).tolist())
        assert behind.best.tolist() == [order[:3]]
        np.testing.assert_allclose(np.exp(behind.best_logs[0]), shares[order[:3]], atol=1e-6)


@cells
def test_agrees_with_keras(small_model: Models, kind: Any) -> None:
    """All five of V = 5 characters have the probabilities of the Keras model, to 1e-5."""
    model = small_model(*kind)
    found = score(CharacterModel.from_keras(model), LETTERS, TEXT, 5)
    ids = LETTERS.encode(TEXT)
    for place in range(1, len(ids)):
        theirs = model(np.eye(5, dtype=np.float32)[ids[:place]][None]).numpy()[0]
        ours = np.exp(found.best_logs[place])
        np.testing.assert_allclose(ours, theirs[found.best[place]], atol=1e-5)
        assert np.exp(found.logs[place]) == pytest.approx(theirs[ids[place]], abs=1e-5)


def test_bits_are_the_mean_of_what_is_known(small_model: Models) -> None:
    """What is unknown does not count; where nothing is known there is no mean."""
    model = CharacterModel.from_keras(small_model(1))
    found = score(model, LETTERS, "ab東ba", 0)
    assert found.bits_per_character() == pytest.approx(-np.nanmean(found.logs) / np.log(2))
    assert found.ranks.tolist()[2] == 0
    assert np.isnan(found.logs[2])
    assert score(model, LETTERS, "東", 2).bits_per_character() is None


def test_unknown_characters_are_read_as_their_likes(small_model: Models) -> None:
    """As all of them, or not at all; what stood in their place is told nevertheless."""
    model = CharacterModel.from_keras(small_model(1))
    likes = {"ß": "dd", "東": ""}.__getitem__
    plain, found = (
        score(model, LETTERS, "abdda", 2),
        score(model, LETTERS, "a東bßa", 2, nearest=likes),
    )
    assert found.logs[[0, 2, 4]].tolist() == plain.logs[[0, 1, 4]].tolist()
    assert found.best[3].tolist() == plain.best[2].tolist()
    assert found.best[1].tolist() == found.best[2].tolist() == plain.best[1].tolist()


def test_pieces_are_one_text(small_model: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state goes over from piece to piece, and whoever waits hears of each."""
    model, calls = CharacterModel.from_keras(small_model(1)), []
    whole = score(model, LETTERS, TEXT, 2)
    monkeypatch.setattr(scoring, "PIECE_CHARACTERS", 10)
    pieces = score(model, LETTERS, TEXT, 2, between=lambda: calls.append(1))
    assert arrays(pieces) == arrays(whole)
    assert len(calls) == 3


def test_equals_are_ranked_by_their_places(small_model: Models) -> None:
    """Of characters that are equally likely the first of the vocabulary is first."""
    model = CharacterModel.from_keras(small_model(1))
    flat = replace(model, dense=np.zeros_like(model.dense), bias=np.zeros_like(model.bias))
    found = score(flat, LETTERS, "edcba", 9)
    assert found.ranks.tolist() == [5, 4, 3, 2, 1]
    assert found.best.tolist() == [[0, 1, 2, 3, 4]] * 5
    assert found.bits_per_character() == pytest.approx(np.log2(5))


def test_weights_that_are_no_numbers(small_model: Models) -> None:
    """Are told, not scored."""
    model = CharacterModel.from_keras(small_model(1))
    broken = replace(model, bias=np.full_like(model.bias, np.nan))
    with pytest.raises(ValueError, match="no finite numbers"):
        score(broken, LETTERS, "ab", 1)
