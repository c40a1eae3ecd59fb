"""Specs and presets: the one place where a job is validated.

Shapes: ``T`` window, ``H`` units, ``V`` vocabulary, ``N`` characters of text.
Fields are strict (``"5"`` is not 5, NaN is not a number) and unknown fields are refused.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from shared.fields import Spec, Text
from shared.said import said

MAX_SEED = 2**63 - 1
MAX_OUTPUT_CHARACTERS = 10_000_000
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Temperature = Annotated[float, Field(ge=0, le=10)]


class TrainingSpec(Spec):
    """Everything that decides a training run, but the text. The defaults are the article's."""

    newer: ClassVar = frozenset({"devices"})

    window: int = Field(
        100, ge=2, le=1000, description="Characters the model sees before the one it must guess."
    )
    step: int = Field(
        1, ge=1, le=1000, description="Distance between the starts of neighbouring windows."
    )
    units: int = Field(
        128, ge=1, le=2048, description="Units of each layer: the size of the memory."
    )
    layers: int = Field(1, ge=1, le=4, description="Layers, one upon the other.")
    cell: Literal["lstm", "gru"] = Field(
        "lstm",
        description="What the layers are made of: 'gru' has three gates where 'lstm' has four, "
        "and takes less time.",
    )
    loss_at: Literal["last", "every"] = Field(
        "last",
        description="Which guesses teach: the one behind a window's last character, as in the "
        "article, or the one behind every character, which learns far sooner.",
    )
    dropout: float = Field(
        0,
        ge=0,
        le=0.9,
        description="Share of each layer's outputs that is hidden at random while training, "
        "against learning the text by heart.",
    )
    input_dropout: float = Field(
        0,
        ge=0,
        le=0.9,
        description="Share of the characters that is hidden from the first layer at random while "
        "training, so that no guess leans on a single one.",
    )
    batch_size: int = Field(
        128, ge=1, le=4096, description="Windows that one step of the optimizer looks at."
    )
    optimizer: Literal["rmsprop", "adam", "sgd"] = Field(
        "rmsprop", description="How the weights follow the gradient."
    )
    learning_rate: float = Field(
        0.01, gt=0, le=10, description="Size of the optimizer's steps; too large and it diverges."
    )
    adam_beta_2: float = Field(
        0.999,
        ge=0.5,
        le=0.99999,
        description="How long Adam remembers the size of past gradients: 0.99 is about the last "
        "hundred steps. The other optimizers do not use it.",
    )
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "constant",
        description="How the learning rate goes on: it stays, or falls to its floor at the last "
        "epoch's end, evenly or along a cosine.",
    )
    rate_floor: float = Field(
        0,
        ge=0,
        le=1,
        description="The share of the learning rate that a schedule ends at. With averaged weights "
        "it need not be 0.",
    )
    warmup_steps: int = Field(
        0, ge=0, le=1_000_000, description="Steps over which the learning rate rises from 0."
    )
    clip_norm: float | None = Field(
        None,
        gt=0,
        le=1000,
        description="A gradient that is longer than this is shortened to it. null: none is.",
    )
    weight_decay: float = Field(
        0,
        ge=0,
        le=1,
        description="How fast the weights shrink, but for biases: each step takes this share, "
        "times the learning rate.",
    )
    ema_momentum: float | None = Field(
        None,
        ge=0.5,
        le=0.99999,
        description="Judge, store and write with a moving average of the weights: 0.999 is about "
        "their last thousand steps. It generalizes better than any of them. null: the weights "
        "as they are.",
    )
    calibration: float = Field(
        1,
        ge=0.5,
        le=2,
        description="Judge, store and write with logits divided by this: a little over 1 makes a "
        "model less sure of itself, as new text shows that it should be.",
    )
    precision: Literal["float32", "mixed"] = Field(
        "float32",
        description="'mixed' computes in half precision on a GPU, which takes less time and "
        "memory; a processor always computes in float32.",
    )
    devices: int = Field(
        1,
        ge=1,
        le=16,
        description="Cards of one worker that share each batch out, for the same result but for "
        "rounding. It pays with several GPUs, large models and large batches.",
    )
    epochs: int = Field(10, ge=1, le=10_000, description="Passes over the training windows.")
    max_windows: int | None = Field(
        None,
        ge=1,
        le=10**10,
        description="At most so many windows an epoch; the next epoch goes on where it ended. "
        "null: all of them.",
    )
    validation_fraction: float = Field(
        0.1, ge=0, le=0.5, description="Share of the text, at its end, held out to judge by."
    )
    patience: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Stop early after so many epochs in a row without a lower validation loss. "
        "null: it trains to its end.",
    )
    sample_length: int = Field(
        400, ge=0, le=10_000, description="Characters written after each epoch; 0 writes none."
    )
    sample_temperature: (
        Temperature
        | Annotated[
            list[Temperature],
            Field(min_length=1, max_length=8, json_schema_extra={"uniqueItems": True}),
        ]
    ) = Field(
        0.6,
        description="How daring the samples are; 0 always takes the likeliest character. Several "
        "values write a sample at each after every epoch.",
    )
    sample_start: Literal["fresh", "same"] = Field(
        "fresh",
        description="What samples begin with: 'fresh' is another excerpt of the text and another "
        "seed after each epoch, as in the article; 'same' is one of both for all samples of the "
        "run, so that learning can be seen.",
    )
    sample_prompt: Annotated[Text, Field(min_length=1, max_length=1000)] | None = Field(
        None, description="What all samples go on from. Empty: an excerpt of the text."
    )
    sample_context: Literal["window", "state"] = Field(
        "window",
        description="How samples are written: 'window' shows the model its last characters afresh "
        "for each new one, as the article does; 'state' carries its memory on, which takes a small "
        "part of the time.",
    )
    rng_seed: Seed = Field(
        0, description="Start of all randomness: the same seed gives the same run."
    )
    keep_checkpoints: int = Field(
        10, ge=1, le=10_000, description="Newest checkpoints kept, besides the best one."
    )
    keep_every: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Keep the checkpoint of every k-th epoch for good, too. null: no others.",
    )

    @field_validator("sample_temperature")
    @classmethod
    def _each_once(cls, given: float | list[float]) -> float | list[float]:
        if isinstance(given, list) and len(set(given)) < len(given):
            raise ValueError("the same temperature stands there twice")
        return given

    @field_validator("patience")
    @classmethod
    def _needs_a_judge(cls, patience: int | None, others: ValidationInfo) -> int | None:
        if patience is not None and others.data.get("validation_fraction") == 0:
            raise ValueError(said("patience needs held-out text: a validation_fraction over 0"))
        return patience

    def sample_temperatures(self) -> list[float]:
        """Return the temperature of each sample that is written after an epoch."""
        given = self.sample_temperature
        return [float(value) for value in (given if isinstance(given, list) else [given])]

    def split(self, characters: int) -> int:
        """Return how many of ``N`` characters are trained on; the rest is held out."""
        return int((1 - self.validation_fraction) * characters)

    def least_characters(self) -> int:
        """Return the least ``N`` for one window of ``T`` + 1 in the training text and,
        if any text is held out, one in the held-out text too."""
        need = self.window + 1
        if self.validation_fraction == 0:
            return need
        # The held-out part is rounded up: it has T + 1 as soon as its share is over T.
        guess = max(need / (1 - self.validation_fraction), self.window / self.validation_fraction)
        least = max(need, int(guess) - 2)
        while self.split(least) < need or least - self.split(least) < need:
            least += 1
        return least


class GenerationSpec(Spec):
    """Everything that decides a generation run, but the checkpoint."""

    prompt: (
        Annotated[Text, Field(max_length=100_000, json_schema_extra={"minLength": 1})] | None
    ) = Field(
        None, description="What the text goes on from. Empty: a random excerpt of the corpus."
    )
    length: int = Field(
        400, ge=1, le=MAX_OUTPUT_CHARACTERS, description="Characters to write for each text."
    )
    temperature: Temperature | Annotated[list[Temperature], Field(min_length=1, max_length=16)] = (
        Field(
            0.6,
            description="How daring the text is: 0 always takes the likeliest character. "
            "Several values write texts at each.",
        )
    )
    count: int = Field(1, ge=1, le=100, description="Texts to write at each temperature.")
    context: Literal["window", "state"] = Field(
        "state",
        description="'state' carries the model's memory on from character to character; 'window' "
        "shows it its last T characters afresh for each one, as the article does, which takes "
        "far longer.",
    )
    top_k: int | None = Field(
        None, ge=1, le=1_000_000, description="Draw only from the k likeliest characters."
    )
    top_p: float | None = Field(
        None, gt=0, le=1, description="Draw only from the likeliest characters of this share."
    )
    stop: Annotated[
        list[Annotated[Text, Field(min_length=1, max_length=1000)]], Field(max_length=16)
    ] = Field(default=[], description="End a text when it has written one of these.")
    rng_seed: Seed = Field(0, description="The same seed, checkpoint and prompt give one text.")

    def temperatures(self) -> list[float]:
        """Return the temperature of each text, ``count`` of every value in turn."""
        values = self.temperature if isinstance(self.temperature, list) else [self.temperature]
        return [float(value) for value in values for _ in range(self.count)]


# Samples that show a model learn: each epoch writes in the same cells.
GRID: dict[str, Any] = {
    "sample_temperature": [0.3, 0.6, 1.0],
    "sample_start": "same",
    "sample_context": "state",
}
PRESETS: dict[str, TrainingSpec] = {
    "seed": TrainingSpec(),
    "fast": TrainingSpec(
        loss_at="every",
        optimizer="adam",
        learning_rate=0.012,
        schedule="cosine",
        clip_norm=5,
        adam_beta_2=0.99,
        dropout=0.05,
        input_dropout=0.04,
        weight_decay=0.03,
        ema_momentum=0.9998,
        calibration=1.06,
        batch_size=32,
        max_windows=28_000,
        epochs=30,
        **GRID,
    ),
    "large": TrainingSpec(
        layers=2,
        units=512,
        dropout=0.5,
        loss_at="every",
        optimizer="adam",
        learning_rate=0.002,
        schedule="cosine",
        adam_beta_2=0.99,
        warmup_steps=200,
        clip_norm=5,
        max_windows=128_000,
        epochs=30,
        precision="mixed",
        **GRID,
    ),
    "tiny": TrainingSpec(
        window=20, units=16, batch_size=32, epochs=2, max_windows=640, sample_length=80
    ),
}
PRESET_NOTES: dict[str, str] = {
    "seed": said(
        "The article's recipe, number for number: LSTM(128) over windows of 100 characters."
    ),
    "fast": said(
        "The article's model, taught by every character: the same quality in a fraction of "
        "the time, and a better end."
    ),
    "large": said(
        "Two layers of 512 units with dropout, for GPUs: the best text, if you can wait."
    ),
    "tiny": said(
        "Trains in seconds and writes nonsense: for trying the service out and for tests."
    ),
}


def training_spec(preset: str, overrides: dict[str, Any]) -> TrainingSpec:
    """Return the preset's spec with the given fields over it.

    Raises ``KeyError`` for an unknown preset and pydantic's ``ValidationError`` for the fields.
    """
    return TrainingSpec.model_validate(PRESETS[preset].model_dump() | overrides)
