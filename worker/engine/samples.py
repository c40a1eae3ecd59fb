"""What a training run writes after each epoch: a text at each temperature.

Shapes: ``N`` characters of the prompt, ``T`` window.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from shared.specs import GenerationSpec, TrainingSpec
from worker.engine.characters import CharacterModel
from worker.engine.randomness import Use, generator
from worker.engine.reports import Sample
from worker.engine.sampling import Stream, Writer
from worker.engine.vocabulary import Ids, Vocabulary

# In place of an epoch, which are counted from 1.
EVERY_EPOCH = 0


@dataclass(frozen=True)
class Beginning:
    """What all samples of an epoch go on from, ids (N,), and their seed."""

    prompt: Ids
    rng_seed: int


def beginning(spec: TrainingSpec, vocabulary: Vocabulary, text: Any, epoch: int) -> Beginning:
    """Return what an epoch's samples begin with: a function of seed and epoch alone.

    ``text``: the tensor of all ids. Of a prompt, what is unknown is left out.
    """
    number = epoch if spec.sample_start == "fresh" else EVERY_EPOCH
    rng = generator(spec.rng_seed, Use.SAMPLE, number)
    start, seed = int(rng.integers(len(text) - spec.window)), int(rng.integers(2**31))
    if spec.sample_prompt is not None:
        ids = vocabulary.encode_known(spec.sample_prompt)
        return Beginning(ids[ids < len(vocabulary)], seed)
    return Beginning(text[start : start + spec.window].numpy(), seed)


def writing(
    spec: TrainingSpec,
    model: CharacterModel,
    vocabulary: Vocabulary,
    begun: Beginning,
    temperature: float,
) -> Iterator[Sample]:
    """Yield a sample again and again as it grows; the last one is whole."""
    generation = GenerationSpec(
        length=spec.sample_length, rng_seed=begun.rng_seed, context=spec.sample_context
    )
    # Always the first text of its seed: so temperatures differ in nothing else.
    stream = Stream(0, begun.prompt, temperature)
    writer = Writer(model, vocabulary, [stream], generation, spec.window)
    sample = Sample(vocabulary.decode(begun.prompt), "", temperature, begun.rng_seed)
    for (piece,) in writer.run():
        sample = replace(sample, text=sample.text + piece)
        yield sample
