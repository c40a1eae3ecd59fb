"""Drawing text: probabilities against slow twins, the article's formula made right."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shared.specs import GenerationSpec
from tests.unit.worker.engine.conftest import VOCABULARY, WINDOW
from tests.unit.worker.engine.twins import probabilities
from worker.engine.sampling import CharacterModel, Stream, Writer, adjust
from worker.engine.vocabulary import Vocabulary

Models = Callable[[int], Any]
LETTERS = Vocabulary("abcde")
shares = arrays(np.float64, (3, VOCABULARY), elements=st.floats(0, 1)).map(
    lambda rows: rows + 1e-3 * (rows.sum(axis=1, keepdims=True) == 0)
)


def one_row(*values: float) -> Any:
    """Return probabilities (1, V)."""
    return np.array([values])


@pytest.mark.parametrize("layers", [1, 2])
def test_agrees_with_a_slow_twin(small_model: Models, layers: int) -> None:
    """The probabilities are those of a loop over units in float64."""
    model = small_model(layers)
    windows = np.random.default_rng(1).integers(0, VOCABULARY, (3, WINDOW))
    found = CharacterModel.from_keras(model).probabilities(windows)
    slow = [probabilities(model.get_weights(), window) for window in windows.tolist()]
    np.testing.assert_allclose(found, slow, atol=1e-6)


@pytest.mark.parametrize("layers", [1, 2])
def test_agrees_with_keras(small_model: Models, layers: int) -> None:
    """The probabilities are those of the Keras model, to 1e-5 over 100 windows."""
    model = small_model(layers)
    windows = np.random.default_rng(2).integers(0, VOCABULARY, (100, WINDOW))
    theirs = model.predict(np.eye(VOCABULARY)[windows], verbose=0)
    ours = CharacterModel.from_keras(model).probabilities(windows)
    assert np.abs(ours - theirs).max() < 1e-5


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


def write(model: Any, numbers: list[int], **spec: Any) -> list[str]:
    """Write texts after one prompt and return them."""
    temperature = spec.pop("at", 1.0)
    prompt = LETTERS.encode(spec.pop("after", "abcd"))
    streams = [Stream(number, prompt, temperature) for number in numbers]
    made = GenerationSpec(**({"length": 30} | spec))
    writer = Writer(CharacterModel.from_keras(model), LETTERS, streams, made, WINDOW)
    texts = [""] * len(streams)
    for pieces in writer.run():
        texts = [text + piece for text, piece in zip(texts, pieces, strict=True)]
    assert [stream.written for stream in streams] == [len(text) for text in texts]
    return texts


@pytest.mark.parametrize("context", ["window", "state"])
def test_a_seed_decides_the_text(small_model: Models, context: str) -> None:
    """The same seed writes the same, another one something else."""
    texts = [write(small_model(1), [0], rng_seed=seed, context=context)[0] for seed in (7, 7, 8)]
    assert texts[0] == texts[1] != texts[2]


def test_a_stream_does_not_depend_on_its_neighbours(small_model: Models) -> None:
    """Stream 5 writes the same alone and among others."""
    alone = write(small_model(1), [5])[0]
    assert write(small_model(1), [3, 5, 9])[1] == alone


def test_a_sliding_window_sees_its_last_characters_alone(small_model: Models) -> None:
    """Greedy text after two prompts with the same last T characters is the same."""
    texts = [write(small_model(1), [0], at=0.0, after=p)[0] for p in ("eeeabcd", "abcd")]
    assert texts[0] == texts[1]


def test_greedy_text_is_the_models_own_loop(small_model: Models) -> None:
    """Temperature 0 over a sliding window is the article's loop with an argmax in it."""
    model = small_model(1)
    window, expected = [0, 1, 2, 3], ""
    for _ in range(12):
        best = int(probabilities(model.get_weights(), window).argmax())
        window, expected = [*window[1:], best], expected + LETTERS.characters[best]
    assert write(model, [0], at=0.0, length=12) == [expected]


def test_carried_state_reads_everything(small_model: Models) -> None:
    """With the state carried on, each character follows from all before it."""
    model = small_model(2)
    read, expected = [0, 1, 2, 3], ""
    for _ in range(12):
        read.append(int(probabilities(model.get_weights(), read).argmax()))
        expected += LETTERS.characters[read[-1]]
    assert write(model, [0], at=0.0, length=12, context="state") == [expected]


def test_a_short_prompt_is_used_as_it_is(small_model: Models) -> None:
    """A prompt shorter than T is not padded: the window grows until it is T long."""
    model = small_model(1)
    first = int(probabilities(model.get_weights(), [2]).argmax())
    assert write(model, [0], at=0.0, after="c", length=1) == [LETTERS.characters[first]]


def test_a_stop_string_ends_its_stream_alone(small_model: Models) -> None:
    """A text ends with its stop string, over piece borders too; the others go on."""
    texts = write(small_model(1), [0, 1, 2], length=400, stop=["ab", "dc"])
    assert any(len(text) < 400 for text in texts)
    for text in texts:
        assert len(text) == 400 or text.endswith(("ab", "dc"))
        assert "ab" not in text[:-1]
        assert "dc" not in text[:-1]


def test_can_be_stopped(small_model: Models) -> None:
    """Asked to stop, a writer ends after the piece at hand and says cancelled."""
    stream = Stream(0, LETTERS.encode("abcd"), 1.0)
    spec = GenerationSpec(length=100_000)
    writer = Writer(CharacterModel.from_keras(small_model(1)), LETTERS, [stream], spec, WINDOW)
    written = "".join(piece for (piece,) in writer.run(lambda: True))
    assert stream.finish_reason == "cancelled"
    assert 0 < len(written) <= 64
