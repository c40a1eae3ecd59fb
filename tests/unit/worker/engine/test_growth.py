"""Going on with a text that has new characters: what was learnt is kept."""

from typing import Any

import numpy as np
import pytest

from shared.errors import UserError
from shared.specs import TrainingSpec
from worker.engine.characters import CharacterModel
from worker.engine.growth import Start
from worker.engine.judging import bits_per_character
from worker.engine.model import build
from worker.engine.training import TrainingRun
from worker.engine.vocabulary import Vocabulary

TEXT = "the quick brown fox jumps over the lazy dog; " * 60
# Before, between and behind the known characters, in the order of code points.
GROWN_TEXT = "THE QUICK {fox} jumps: élan, 東京; " * 60
LETTERS = Vocabulary.from_text(TEXT)
GROWN = LETTERS.joined(GROWN_TEXT)


def spec(**fields: Any) -> TrainingSpec:
    values: dict[str, Any] = {
        "window": 20, "units": 24, "batch_size": 32, "epochs": 3, "sample_length": 0,
        "loss_at": "every", "optimizer": "adam",
    }  # fmt: skip
    return TrainingSpec(**values | fields)


def trained(made: TrainingSpec, text: str = TEXT, **more: Any) -> TrainingRun:
    """Train to the end, over the characters that are known so far."""
    vocabulary = more.pop("vocabulary", Vocabulary.from_text(text))
    run = TrainingRun(made, vocabulary.encode(text), vocabulary, **more)
    list(run)
    return run


def grown(run: TrainingRun, made: TrainingSpec) -> CharacterModel:
    """Return the model that a run over the grown vocabulary begins with."""
    start = Start(run.model, LETTERS)
    return CharacterModel.from_keras(
        TrainingRun(made, GROWN.encode(TEXT), GROWN, start=start).model
    )


@pytest.mark.parametrize("fields", [{}, {"cell": "gru"}, {"layers": 2, "dropout": 0.2}])
def test_known_characters_probabilities_barely_move(fields: dict[str, Any]) -> None:
    """By less than a hundredth, and all new characters together get less than that."""
    made = spec(**fields)
    run = trained(made)
    windows = np.stack([LETTERS.encode(TEXT[first : first + 20]) for first in range(45)])
    before = CharacterModel.from_keras(run.model).probabilities(windows)
    known = GROWN.encode(LETTERS.characters)
    after = grown(run, made).probabilities(known[windows])
    assert np.abs(after[:, known] - before).max() < 0.01
    assert (1 - after[:, known].sum(axis=1)).max() < 0.01


def test_new_rows_are_small_and_the_same_each_time() -> None:
    made = spec()
    run = trained(made)
    (one, two) = (grown(run, made).layers[0][0] for _ in range(2))
    new = np.setdiff1d(np.arange(len(GROWN)), GROWN.encode(LETTERS.characters))
    assert 0 < np.abs(one[new]).max() < 0.1
    assert np.array_equal(one, two)


def test_new_characters_are_learnt_and_known_ones_kept() -> None:
    """A run over the new text expects it better than its start did, and better than anew."""
    first = trained(spec())
    start = Start(first.model, LETTERS)
    before = bits_per_character(grown(first, spec()), GROWN, GROWN_TEXT)
    little = spec(epochs=1, max_windows=640)
    run = trained(little, GROWN_TEXT, vocabulary=GROWN, start=start)
    anew = trained(little, GROWN_TEXT, vocabulary=GROWN)
    bits = [
        bits_per_character(CharacterModel.from_keras(r.model), GROWN, GROWN_TEXT)
        for r in (run, anew)
    ]
    assert bits[0] < bits[1] < before


def test_without_new_characters_nothing_changes() -> None:
    run = trained(spec())
    start = Start(run.model, LETTERS)
    again = TrainingRun(spec(), LETTERS.encode(TEXT), LETTERS, start=start)
    pairs = zip(run.model.get_weights(), again.model.get_weights(), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


def test_a_run_that_lacks_known_characters_is_refused() -> None:
    start = Start(build(spec(), len(GROWN)), GROWN)
    with pytest.raises(UserError, match="the run lacks characters that the model knows: ',', ':'"):
        TrainingRun(spec(), LETTERS.encode(TEXT), LETTERS, start=start)
