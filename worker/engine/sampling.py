"""Drawing text from a model, in NumPy: a step of one stream is too small for TensorFlow's calls.

Shapes: ``B`` streams, ``T`` window, ``V`` vocabulary, ``H`` units.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.specs import GenerationSpec
from worker.engine.randomness import Use, generator
from worker.engine.vocabulary import Ids, Vocabulary

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
State = list[tuple[Floats, Floats]]

PIECE_CHARACTERS, PIECE_SECONDS = 64, 0.1


@dataclass(frozen=True)
class CharacterModel:
    """The weights of stacked LSTM layers and a softmax, as Keras orders them.

    ``layers``: (kernel (I, 4H), recurrent (H, 4H), bias (4H)) with gates in the order input,
    forget, cell, output; I is V for the first layer. ``dense`` (H, V), ``bias`` (V).
    """

    layers: list[tuple[Floats, Floats, Floats]]
    dense: Floats
    bias: Floats

    @classmethod
    def from_keras(cls, model: Any) -> "CharacterModel":
        """Return the weights of a model that ``worker.engine.model.build`` made."""
        arrays = [np.asarray(array, np.float32) for array in model.get_weights()]
        layers = [tuple(arrays[i : i + 3]) for i in range(0, len(arrays) - 2, 3)]
        return cls(layers, *arrays[-2:])  # type: ignore[arg-type]

    def start(self, streams: int) -> State:
        """Return the zero state of ``B`` streams: (h, c), each (B, H), a layer."""
        sizes = [(streams, recurrent.shape[0]) for _, recurrent, _ in self.layers]
        return [(np.zeros(s, np.float32), np.zeros(s, np.float32)) for s in sizes]

    def step(self, ids: Ids, state: State) -> State:
        """Return the state after one more character (B,) of each stream."""
        kernel, recurrent, bias = self.layers[0]
        # One-hot times a matrix is a row of the matrix.
        new = [_cell(kernel[ids] + bias, recurrent, *state[0])]
        for (kernel, recurrent, bias), before in zip(self.layers[1:], state[1:], strict=True):
            new.append(_cell(new[-1][0] @ kernel + bias, recurrent, *before))
        return new

    def predict(self, state: State) -> Doubles:
        """Return the probabilities (B, V) of the next character."""
        logits = (state[-1][0] @ self.dense + self.bias).astype(np.float64)
        return _softmax(logits)

    def read(self, windows: Ids) -> State:
        """Return the state after windows (B, T) read from a zero state."""
        state = self.start(len(windows))
        for column in windows.T:
            state = self.step(column, state)
        return state

    def probabilities(self, windows: Ids) -> Doubles:
        """Return the probabilities (B, V) of the character behind each window (B, T)."""
        return self.predict(self.read(windows))


def adjust(
    probabilities: Doubles,
    temperature: Doubles,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Doubles:
    """Return probabilities (B, V) at temperatures (B,): softmax(log p / temperature).

    The article's formula, without its log(0); at temperature 0 the likeliest character has it
    all, the lowest id among equals. Then only the ``top_k`` likeliest and the likeliest whose
    shares reach ``top_p`` stay in the draw. Every row sums to 1.
    """
    greedy = temperature == 0
    impossible = np.full_like(probabilities, -np.inf)
    logits = np.log(probabilities, out=impossible, where=probabilities > 0)
    # The likeliest is made 0 first: a tiny temperature would make every quotient infinite.
    logits -= logits.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):
        logits /= np.where(greedy, 1.0, temperature)[:, None]
    adjusted = _softmax(logits)
    adjusted[greedy] = np.eye(probabilities.shape[1])[probabilities[greedy].argmax(axis=1)]
    return _truncate(adjusted, top_k, top_p)


@dataclass
class Stream:
    """One text to write. ``number`` decides its randomness, whoever is written beside it.

    ``prompt`` ids (N,), read from a zero state, all of it or its last T. ``finish_reason``, once
    it has ended: "length", "stop" (the stop string is part of the text) or "cancelled".
    """

    number: int
    prompt: Ids
    temperature: float
    finish_reason: str | None = None
    written: int = 0
    # The last characters, as many as the longest stop string has.
    tail: str = field(default="", repr=False)


class Writer:
    """Writes several texts at once, a character of each at a time.

    Memory does not grow with the length: the caller gathers the pieces. Of ``spec``, the length,
    context, top_k, top_p, stop strings and seed count; prompts and temperatures are the streams'.
    """

    def __init__(
        self,
        model: CharacterModel,
        vocabulary: Vocabulary,
        streams: list[Stream],
        spec: GenerationSpec,
        window: int,
    ):
        self.streams = streams
        self._spec, self._vocabulary = spec, vocabulary
        self._longest_stop = max(map(len, spec.stop), default=0)
        self._temperatures = np.array([stream.temperature for stream in streams], np.float64)
        self._draws = [generator(spec.rng_seed, Use.TEXT, s.number) for s in streams]
        prompts = [stream.prompt for stream in streams]
        if spec.context == "window":
            self._context: _Context = _Window(
                model, [prompt[-window:] for prompt in prompts], window
            )
        else:
            self._context = _State(model, prompts)

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> Iterator[list[str]]:
        """Yield what each stream wrote since the last time, '' for one that has ended.

        ``should_stop`` is asked after each piece but the last: what is complete is not cancelled.
        """
        pieces, begun = self._nothing(), time.monotonic()
        for written in range(1, self._spec.length + 1):
            self._write_one(pieces)
            if written == self._spec.length:
                self._finish("length")
            if all(stream.finish_reason for stream in self.streams):
                break
            if written % PIECE_CHARACTERS and time.monotonic() - begun < PIECE_SECONDS:
                continue
            yield pieces
            if should_stop():
                self._finish("cancelled")
                return
            pieces, begun = self._nothing(), time.monotonic()
        yield pieces

    def _write_one(self, pieces: list[str]) -> None:
        """Draw the next character of every stream."""
        adjusted = adjust(
            self._context.probabilities(), self._temperatures, self._spec.top_k, self._spec.top_p
        )
        ids = np.array([_draw(p, rng) for p, rng in zip(adjusted, self._draws, strict=True)])
        self._context.push(ids)
        for number, (stream, character) in enumerate(
            zip(self.streams, self._vocabulary.decode(ids), strict=True)
        ):
            if stream.finish_reason is None:
                pieces[number] += character
                stream.written += 1
                self._look_for_stop(stream, character)

    def _look_for_stop(self, stream: Stream, character: str) -> None:
        if self._longest_stop:
            stream.tail = (stream.tail + character)[-self._longest_stop :]
            if any(stream.tail.endswith(stop) for stop in self._spec.stop):
                stream.finish_reason = "stop"

    def _finish(self, reason: str) -> None:
        for stream in self.streams:
            stream.finish_reason = stream.finish_reason or reason

    def _nothing(self) -> list[str]:
        return [""] * len(self.streams)


class _Context(Protocol):
    """What the next characters depend on."""

    def probabilities(self) -> Doubles:
        """Return the probabilities (B, V) of each stream's next character."""
        ...

    def push(self, ids: Ids) -> None:
        """Take the characters (B,) that were drawn."""
        ...


class _Window:
    """The last T characters, read afresh for each next one, as the article does."""

    def __init__(self, model: CharacterModel, windows: list[Ids], length: int):
        self._model, self._windows, self._length = model, windows, length

    def probabilities(self) -> Doubles:
        return self._model.predict(_read(self._model, self._windows))

    def push(self, ids: Ids) -> None:
        self._windows = [
            np.append(window, new)[-self._length :]
            for window, new in zip(self._windows, ids, strict=True)
        ]


class _State:
    """The memory after all characters so far, carried on."""

    def __init__(self, model: CharacterModel, prompts: list[Ids]):
        self._model, self._state = model, _read(model, prompts)

    def probabilities(self) -> Doubles:
        return self._model.predict(self._state)

    def push(self, ids: Ids) -> None:
        self._state = self._model.step(ids, self._state)


def _read(model: CharacterModel, prompts: list[Ids]) -> State:
    """Return the state after prompts of any lengths, those of equal length read together."""
    lengths = np.array([len(prompt) for prompt in prompts])
    state = model.start(len(prompts))
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        part = model.read(np.stack([prompts[row] for row in rows]))
        for (h, c), (new_h, new_c) in zip(state, part, strict=True):
            h[rows], c[rows] = new_h, new_c
    return state


def _draw(probabilities: Doubles, rng: np.random.Generator) -> int:
    """Draw an id by its probability (V,); one of probability 0 is never drawn."""
    sums = np.cumsum(probabilities)
    # The product may be rounded up to the last sum, behind which there is no id.
    drawn = min(rng.random() * sums[-1], np.nextafter(sums[-1], 0))
    return int(np.searchsorted(sums, drawn, side="right"))


def _cell(inputs: Floats, recurrent: Floats, h: Floats, c: Floats) -> tuple[Floats, Floats]:
    """One step of an LSTM cell (Hochreiter and Schmidhuber, 1997), as Keras computes it."""
    i, f, g, o = np.split(inputs + h @ recurrent, 4, axis=1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def _sigmoid(x: Floats) -> Floats:
    # By tanh, which cannot overflow.
    half = np.float32(0.5)
    y: Floats = half * np.tanh(half * x) + half
    return y


def _softmax(logits: Doubles) -> Doubles:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def _truncate(probabilities: Doubles, top_k: int | None, top_p: float | None) -> Doubles:
    """Keep the k likeliest, then the likeliest whose shares reach p, and share out anew."""
    if top_k is None and top_p is None:
        return probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    keep = np.ones_like(ranked, bool)
    if top_k is not None:
        keep[:, top_k:] = False
    if top_p is not None:
        # The one that crosses p is kept too: Holtzman et al. (2020).
        keep &= np.cumsum(ranked, axis=1) - ranked < top_p
    kept = np.zeros_like(probabilities)
    np.put_along_axis(kept, order, np.where(keep, ranked, 0.0), axis=1)
    shared_out: Doubles = kept / kept.sum(axis=1, keepdims=True)
    return shared_out
