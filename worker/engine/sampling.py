"""Writing text with a model: streams, several at a time, a piece of each after the other."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shared.specs import GenerationSpec
from worker.engine import kernels
from worker.engine.characters import CharacterModel
from worker.engine.randomness import Use, generator
from worker.engine.vocabulary import Ids, Vocabulary

# A piece of a stream: a writer that is told to stop soon hears of it.
FIRST_CHARACTERS, PIECE_CHARACTERS, PIECE_SECONDS = 16, 4096, 0.1


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
    # The last characters, one less than the longest stop string has.
    tail: str = field(default="", repr=False)


class Writer:
    """Writes several texts, a piece of each at a time.

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
        self._pens = [_Pen(model, stream, spec, window) for stream in streams]
        self._characters = FIRST_CHARACTERS

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> Iterator[list[str]]:
        """Yield what each stream wrote since the last time, '' for one that has ended.

        ``should_stop`` is asked after each piece but the last: what is complete is not cancelled.
        Raises ``ValueError`` where the model's weights give no numbers.
        """
        with ThreadPoolExecutor(_threads(len(self.streams)), "writer") as threads:
            while True:
                begun = time.perf_counter()
                list(threads.map(self._write, self._groups()))
                self._adapt(time.perf_counter() - begun)
                over = all(stream.finish_reason for stream in self.streams)
                yield [pen.take() for pen in self._pens]
                if over:
                    return
                if should_stop():
                    for stream in self.streams:
                        stream.finish_reason = stream.finish_reason or "cancelled"
                    return

    def _groups(self) -> list[list["_Pen"]]:
        """Return the streams to go on with: in twos, unless there are threads for each alone."""
        left = [pen for pen in self._pens if pen.stream.finish_reason is None]
        size = 2 if self._spec.context == "state" and len(left) > _threads(len(left)) else 1
        return [left[first : first + size] for first in range(0, len(left), size)]

    def _write(self, group: list["_Pen"]) -> None:
        """Write the next piece of one or two streams, which have come as far as each other."""
        left = self._spec.length - group[0].stream.written
        count = min(self._characters, left)
        for pen, ids in zip(group, write(group, count), strict=True):
            pen.piece = self._cut(pen.stream, self._vocabulary.decode(ids))
            pen.stream.written += len(pen.piece)
            if pen.stream.finish_reason is None and count == left:
                pen.stream.finish_reason = "length"

    def _cut(self, stream: Stream, piece: str) -> str:
        """Return a piece up to the end of the first stop string, if it ends in this piece."""
        longest = max(map(len, self._spec.stop), default=1)
        text, before = stream.tail + piece, len(stream.tail)
        places = [(text.find(stop), len(stop)) for stop in self._spec.stop]
        if ends := [place + size for place, size in places if place >= 0]:
            stream.finish_reason = "stop"
            return piece[: min(ends) - before]
        stream.tail = text[len(text) - min(len(text), longest - 1) :]
        return piece

    def _adapt(self, seconds: float) -> None:
        """Choose the next piece's length from what this one took."""
        fitting = int(self._characters * PIECE_SECONDS / seconds)
        self._characters = max(1, min(fitting, 4 * self._characters, PIECE_CHARACTERS))


class _Pen:
    """What goes on from piece to piece of a stream: its state or window, its random numbers."""

    def __init__(self, model: CharacterModel, stream: Stream, spec: GenerationSpec, window: int):
        self.stream, self.model, self.piece = stream, model, ""
        self._drawing = (float(stream.temperature), spec.top_k or 0, float(spec.top_p or 1))
        self._rng = generator(spec.rng_seed, Use.TEXT, stream.number)
        prompt = stream.prompt
        slides = spec.context == "window"
        self._filled = min(len(prompt), window)
        self.window = np.zeros(window if slides else 0, np.int64)
        if slides:
            self.window[window - self._filled :] = prompt[len(prompt) - self._filled :]
        self._state = model.start() if slides else model.read(prompt)

    def take(self) -> str:
        """Return what was written since the last time."""
        piece, self.piece = self.piece, ""
        return piece

    def kernel_arguments(self, count: int) -> tuple[Any, ...]:
        """Return h, c, what decides the draw, its random numbers, and a place for ids (count,)."""
        state, ids = self._state, np.empty(count, np.int64)
        return state.h, state.c, self._drawing, self._rng.random(count), ids

    def write_window(self, arguments: tuple[Any, ...]) -> bool:
        """Write from the window; tell whether all logits were numbers."""
        h, c, drawing, uniforms, ids = arguments
        filled, self._filled = self._filled, min(self._filled + len(ids), len(self.window))
        return kernels.write_window(
            self.model.weights, h, c, drawing, uniforms, self.window, filled, ids
        )


def write(group: list[_Pen], count: int) -> list[Ids]:
    """Return the next ids (count,) of one or two streams. Raises ``ValueError``."""
    streams = [pen.kernel_arguments(count) for pen in group]
    weights = group[0].model.weights
    if len(group[0].window):
        fine = group[0].write_window(streams[0])
    elif len(group) == 1:
        fine = kernels.write(weights, *streams[0])
    else:
        fine = kernels.write_two(weights, *streams)
    if not fine:
        raise ValueError("the model's weights give logits that are no finite numbers")
    return [ids for *_, ids in streams]


def warm_up() -> None:
    """Compile the kernels, or load what an earlier process compiled."""
    weights = (np.zeros((2, 4), np.float32), np.zeros((1, 4), np.float32), np.zeros(4, np.float32))
    model = CharacterModel([weights], np.zeros((1, 2), np.float32), np.zeros(2, np.float32))
    for context, streams in (("state", 1), ("state", 99), ("window", 1)):
        spec = GenerationSpec.model_validate({"length": 1, "context": context})
        new = [Stream(number, np.zeros(1, np.int64), 1.0) for number in range(streams)]
        for _ in Writer(model, Vocabulary("ab"), new, spec, 1).run():
            pass


def _threads(streams: int) -> int:
    """Return how many threads write: one a core, as far as there are streams."""
    cores: int | None = getattr(os, "process_cpu_count", os.cpu_count)()
    return max(1, min(streams, cores or 1))
