"""Writing text: probabilities against slow twins, streams that do not sway each other."""

import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from shared.specs import GenerationSpec, TrainingSpec
from tests.unit.worker.engine.conftest import VOCABULARY, WINDOW
from tests.unit.worker.engine.twins import probabilities
from worker.engine import kernels, sampling
from worker.engine.characters import CharacterModel
from worker.engine.checkpoints import save
from worker.engine.model import build
from worker.engine.randomness import Use, generator
from worker.engine.sampling import Stream, Writer
from worker.engine.vocabulary import Vocabulary

Models = Callable[..., Any]
LETTERS = Vocabulary("abcde")

CELLS = [(1, "lstm", 0), (2, "lstm", 0.2), (1, "gru", 0.2), (3, "gru", 0)]
cells = pytest.mark.parametrize("kind", CELLS)


@cells
def test_agrees_with_a_slow_twin(small_model: Models, kind: Any) -> None:
    """The probabilities are those of a loop over units in float64."""
    model = small_model(*kind)
    windows = np.random.default_rng(1).integers(0, VOCABULARY, (3, WINDOW))
    found = CharacterModel.from_keras(model).probabilities(windows)
    slow = [probabilities(model.get_weights(), window) for window in windows.tolist()]
    np.testing.assert_allclose(found, slow, atol=1e-6)


@cells
def test_agrees_with_keras(small_model: Models, kind: Any) -> None:
    """The probabilities are those of the Keras model, to 1e-5 over 100 windows."""
    model = small_model(*kind)
    windows = np.random.default_rng(2).integers(0, VOCABULARY, (100, WINDOW))
    theirs = model.predict(np.eye(VOCABULARY)[windows], verbose=0)
    ours = CharacterModel.from_keras(model).probabilities(windows)
    assert np.abs(ours - theirs).max() < 1e-5


@cells
def test_a_file_gives_the_same_arrays(small_model: Models, kind: Any, tmp_path: Path) -> None:
    """What Keras wrote is read without it."""
    model = small_model(*kind)
    save(model, tmp_path / "model.keras")
    found = CharacterModel.from_file(tmp_path / "model.keras").weights
    expected = CharacterModel.from_keras(model).weights
    assert [a.tobytes() for a in found] == [a.tobytes() for a in expected]


def test_a_file_with_other_layers_is_refused(tmp_path: Path) -> None:
    """The error names the kind."""
    model = keras.Sequential([keras.Input((4, 5)), keras.layers.SimpleRNN(3)])
    save(model, tmp_path / "model.keras")
    with pytest.raises(ValueError, match=r"SimpleRNN; accepted: LSTM, GRU, Dropout, Dense"):
        CharacterModel.from_file(tmp_path / "model.keras")


def write(model: Any, numbers: Iterable[int], **spec: Any) -> list[str]:
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


@pytest.mark.parametrize("context", ["window", "state"])
def test_a_stream_does_not_depend_on_its_neighbours(small_model: Models, context: str) -> None:
    """Stream 5 writes the same alone and among others, which may end sooner."""
    model, stop = small_model(2, "gru"), ["ab"]
    alone = write(model, [5], length=300, context=context)[0]
    assert write(model, [3, 5, 9], length=300, context=context)[1] == alone
    stopped = write(model, range(70), length=300, context=context, stop=stop)
    end = alone.find("ab") + 2 if "ab" in alone else len(alone)
    assert stopped[5] == alone[:end]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_company_sways_no_bit(cell: str) -> None:
    """At full size, with weights shared between two streams, each text is the same as alone."""
    spec = TrainingSpec.model_validate({"units": 128, "cell": cell, "window": 100})
    letters = Vocabulary("".join(map(chr, range(48, 113))))
    model = CharacterModel.from_keras(build(spec, len(letters)))
    length = GenerationSpec(length=2_000, rng_seed=5)

    def texts(numbers: Iterable[int]) -> list[str]:
        streams = [Stream(n, letters.encode("Hello"), 1.0) for n in numbers]
        pieces = Writer(model, letters, streams, length, 100).run()
        return ["".join(parts) for parts in zip(*pieces, strict=True)]

    together = texts(range(5))
    assert [texts([number])[0] for number in range(5)] == together
    rng = np.random.default_rng(0)
    matrix, one, two = (rng.normal(size=s).astype(np.float32) for s in ((37, 50), 37, 37))
    alone = [np.zeros(50, np.float32) for _ in range(4)]
    kernels.add_product(alone[0], one, matrix)
    kernels.add_product(alone[1], two, matrix)
    kernels.add_two_products(alone[2], alone[3], one, two, matrix)
    assert [a.tobytes() for a in alone[:2]] == [a.tobytes() for a in alone[2:]]


@pytest.mark.parametrize("context", ["window", "state"])
def test_how_a_text_is_cut_into_pieces_changes_nothing(
    small_model: Models, context: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A character at a time or all at once: the same text, its stop string found, too."""
    texts = []
    for size in (1, 7, 4096):
        monkeypatch.setattr(sampling, "FIRST_CHARACTERS", size)
        monkeypatch.setattr(sampling, "PIECE_CHARACTERS", size)
        spec = {"length": 500, "context": context}
        texts.append(
            [
                write(small_model(1), [0, 1], **spec),
                write(small_model(1), [2], stop=["bca"], **spec),
            ]
        )
    assert texts[0] == texts[1] == texts[2]


def test_random_numbers_are_the_streams_own(small_model: Models) -> None:
    """One for each character, from the generator of the seed and the stream's number."""
    model = CharacterModel.from_keras(small_model(1))
    uniforms = generator(7, Use.TEXT, 3).random(12)
    ids, expected = [0, 1, 2, 3], ""
    for uniform in uniforms:
        shares = np.cumsum(model.probabilities(np.array([ids]))[0])
        ids.append(int(np.searchsorted(shares, uniform * shares[-1], side="right")))
        expected += LETTERS.characters[ids[-1]]
    assert write(small_model(1), [3], rng_seed=7, length=12) == [expected]


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
    assert 0 < len(written) <= sampling.PIECE_CHARACTERS


def test_a_complete_text_is_not_cancelled(small_model: Models) -> None:
    """A writer that is done does not ask."""
    stream = Stream(0, LETTERS.encode("abcd"), 1.0)
    spec = GenerationSpec(length=sampling.FIRST_CHARACTERS)
    model = CharacterModel.from_keras(small_model(1))
    list(Writer(model, LETTERS, [stream], spec, WINDOW).run(lambda: True))
    assert stream.finish_reason == "length"


def test_weights_that_are_no_numbers_are_refused(small_model: Models) -> None:
    """Nothing is drawn from them."""
    model = CharacterModel.from_keras(small_model(1))
    broken = replace(model, bias=np.full(VOCABULARY, np.nan, np.float32))
    stream = Stream(0, LETTERS.encode("abcd"), 1.0)
    with pytest.raises(ValueError, match="no finite numbers"):
        list(Writer(broken, LETTERS, [stream], GenerationSpec(), WINDOW).run())


def test_memory_does_not_grow_with_the_length(small_model: Models) -> None:
    """Of two million characters a piece is held."""
    stream = Stream(0, LETTERS.encode("abcd"), 1.0)
    spec = GenerationSpec(length=2_000_000)
    writer = Writer(CharacterModel.from_keras(small_model(1)), LETTERS, [stream], spec, WINDOW)
    pieces = writer.run()
    next(pieces)
    tracemalloc.start()
    for _ in pieces:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stream.written == 2_000_000
    assert peak < 1_000_000
