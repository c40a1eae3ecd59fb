"""Which preset and size suit a text.

Sources: "the number of parameters and the size of your dataset should be about the same order of
magnitude", and a model of some more parameters than characters wants dropout (the notes of
char-rnn, Karpathy, 2015); the README's figures of `fast`, which was tuned with 84 passes over a
text of 1.1 million characters.

Shapes: ``V`` vocabulary, ``H`` units, ``P`` parameters, ``N`` characters of text.
"""

from typing import Any, Literal

from pydantic import BaseModel, Field

from shared.estimates.costs import parameters_of
from shared.specs import PRESETS, TrainingSpec, training_spec

Reason = Literal["too_short", "tiny_text", "smaller_model", "fits", "larger_model", "gpu"]
# Parameters a character: of `large`, half of whose units are hidden at any time, more.
MOST, MOST_OF_LARGE = 2, 4
# A text with so many characters for each parameter of a wider model can fill it.
PLENTY = 10
NARROW, WIDER = (128, 64, 32, 16), 256
# Characters that are held out at most: judging takes some thousand windows of them.
HELD_OUT, FRACTIONS = 1_000_000, (0.1, 0.05, 0.02, 0.01)
WINDOWS = (100, 50, 20, 10, 5)
# Passes over a short text end sooner: it knows it by heart else. So many epochs a million.
LEAST_EPOCHS, EPOCHS_OF_MILLION = 10, 30


class Recommendation(BaseModel):
    """A preset for a text, and what to set over it."""

    preset: Literal["seed", "fast", "large", "tiny"]
    fields: dict[str, int | float] = Field(description="The fields to set over the preset's.")
    reason: Reason = Field(
        description="Why: `fits`, the preset as it is; `gpu`, a worker has one and the text "
        "suffices for `large`; `larger_model`, there is text for a wider one; `smaller_model`, a "
        "wide one would know the text by heart; `tiny_text`, a shorter window, too; `too_short`, "
        "nothing can be held out to judge by."
    )
    units: int
    layers: int
    window: int
    epochs: int
    max_windows: int | None
    validation_fraction: float
    parameters: int

    @property
    def spec(self) -> TrainingSpec:
        """The spec that is recommended."""
        return training_spec(self.preset, self.fields)


def recommend(characters: int, vocabulary_size: int, gpu: bool = False) -> Recommendation:
    """Return what suits a text of ``N`` characters, ``V`` of them different."""
    large = parameters_of(PRESETS["large"], vocabulary_size)
    if gpu and large <= MOST_OF_LARGE * characters:
        return _made("large", {}, "gpu", characters, vocabulary_size)
    units = _units(characters, vocabulary_size)
    fields: dict[str, Any] = {"units": units, "epochs": _epochs(characters)}
    usual = PRESETS["fast"].units
    reason: Reason = (
        "fits" if units == usual else "larger_model" if units > usual else "smaller_model"
    )
    return _made("fast", fields, reason, characters, vocabulary_size)


def _made(
    preset: Literal["fast", "large"],
    fields: dict[str, Any],
    reason: Reason,
    characters: int,
    vocabulary_size: int,
) -> Recommendation:
    base = PRESETS[preset]
    window, fraction = _window(base, characters)
    if window != base.window:
        reason = "tiny_text" if fraction else "too_short"
    fields = fields | {"window": window, "validation_fraction": fraction}
    changed = {name: value for name, value in fields.items() if value != getattr(base, name)}
    spec = training_spec(preset, changed)
    told = spec.model_dump(include=set(Recommendation.model_fields))
    size = parameters_of(spec, vocabulary_size)
    return Recommendation(preset=preset, fields=changed, reason=reason, parameters=size, **told)


def _units(characters: int, vocabulary_size: int) -> int:
    """Return the most units whose parameters the text can teach."""
    base = PRESETS["fast"]

    def size(units: int) -> int:
        return parameters_of(base.model_copy(update={"units": units}), vocabulary_size)

    if PLENTY * size(WIDER) <= characters:
        return WIDER
    fitting = (units for units in NARROW if size(units) <= MOST * characters)
    return next(fitting, NARROW[-1])


def _epochs(characters: int) -> int:
    usual = PRESETS["fast"].epochs
    return max(LEAST_EPOCHS, min(usual, EPOCHS_OF_MILLION * characters // 1_000_000))


def _window(base: TrainingSpec, characters: int) -> tuple[int, float]:
    """Return window and held-out share: the longest window that fits, and enough to judge by."""
    fraction = next((f for f in FRACTIONS if f * characters <= HELD_OUT), FRACTIONS[-1])
    for window in WINDOWS:
        fields = {"window": window, "validation_fraction": fraction}
        if base.model_copy(update=fields).least_characters() <= characters:
            return window, fraction
    return 2, 0
