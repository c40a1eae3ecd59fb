"""Specs and presets: the one place where a job is validated.

Shapes: ``T`` window, ``H`` LSTM units, ``V`` vocabulary, ``N`` characters of text.
Fields are strict (``"5"`` is not 5, NaN is not a number) and unknown fields are refused.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_SEED = 2**63 - 1
MAX_OUTPUT_CHARACTERS = 10_000_000


def _encodable(text: str) -> str:
    """Refuse lone surrogates and NUL: no database, file or answer can carry them."""
    if "\x00" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise ValueError("text must not contain NUL or lone surrogate code points")
    return text


def _printable(text: str) -> str:
    if not text.strip() or any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("a name has at least one visible character and no control characters")
    return text


Text = Annotated[str, AfterValidator(_encodable)]
Name = Annotated[
    str, Field(min_length=1, max_length=200), AfterValidator(_encodable), AfterValidator(_printable)
]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Temperature = Annotated[float, Field(ge=0, le=10)]
Priority = Annotated[
    int, Field(ge=-100, le=100, description="Higher goes first among waiting jobs.")
]


class Spec(BaseModel):
    """The base of every spec: strict, frozen, finite numbers, no unknown fields."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class TrainingSpec(Spec):
    """Everything that decides a training run, but the text. The defaults are the article's."""

    window: int = Field(
        100, ge=2, le=1000, description="Characters the model sees before the one it must guess."
    )
    step: int = Field(
        1, ge=1, le=1000, description="Distance between the starts of neighbouring windows."
    )
    units: int = Field(128, ge=1, le=2048, description="LSTM units: the size of the memory.")
    layers: int = Field(1, ge=1, le=4, description="LSTM layers, one upon the other.")
    batch_size: int = Field(
        128, ge=1, le=4096, description="Windows that one step of the optimizer looks at."
    )
    optimizer: Literal["rmsprop", "adam", "sgd"] = Field(
        "rmsprop", description="How the weights follow the gradient."
    )
    learning_rate: float = Field(
        0.01, gt=0, le=10, description="Size of the optimizer's steps; too large and it diverges."
    )
    epochs: int = Field(10, ge=1, le=10_000, description="Passes over the training windows.")
    max_windows: int | None = Field(
        None,
        ge=1,
        le=10**10,
        description="At most so many windows an epoch; the next epoch goes on where it ended. "
        "Empty: all of them.",
    )
    validation_fraction: float = Field(
        0.1, ge=0, le=0.5, description="Share of the text, at its end, held out to judge by."
    )
    sample_length: int = Field(
        400, ge=0, le=10_000, description="Characters written after each epoch; 0 writes none."
    )
    sample_temperature: Temperature = Field(
        0.6, description="How daring the samples are; 0 always takes the likeliest character."
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
        description="Keep the checkpoint of every k-th epoch for good, too. Empty: none.",
    )

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

    prompt: Annotated[Text, Field(max_length=100_000)] | None = Field(
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
        "window",
        description="'window' shows the model its last T characters afresh for each one, as the "
        "article does; 'state' carries its memory on, which is far faster.",
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


PRESETS: dict[str, TrainingSpec] = {
    "seed": TrainingSpec(),
    "tiny": TrainingSpec(
        window=20, units=16, batch_size=32, epochs=2, max_windows=640, sample_length=80
    ),
}
PRESET_NOTES: dict[str, str] = {
    "seed": "The article's recipe, number for number: LSTM(128) over windows of 100 characters.",
    "tiny": "Trains in seconds and writes nonsense: for trying the service out and for tests.",
}


def training_spec(preset: str, overrides: dict[str, Any]) -> TrainingSpec:
    """Return the preset's spec with the given fields over it.

    Raises ``KeyError`` for an unknown preset and pydantic's ``ValidationError`` for the fields.
    """
    return TrainingSpec.model_validate(PRESETS[preset].model_dump() | overrides)


class TrainingRequest(TrainingSpec):
    """A submission: what to train on, and any field of the spec over the preset's."""

    corpus_id: str = Field(description="The corpus to train on.")
    corpus_version_id: str | None = Field(None, description="Empty: the newest version.")
    preset: Literal["seed", "tiny"] = Field("seed", description="What the spec starts from.")
    name: Name | None = Field(None, description="Empty: made from the corpus and the preset.")
    priority: Priority = 0
    from_checkpoint_id: str | None = Field(
        None, description="A checkpoint whose weights the run starts from."
    )

    def spec(self) -> TrainingSpec:
        """Return the preset's spec with the fields that were given over it."""
        given = self.model_fields_set & TrainingSpec.model_fields.keys()
        return training_spec(self.preset, self.model_dump(include=given))


class GenerationRequest(GenerationSpec):
    """A submission: which checkpoint writes, and the spec."""

    checkpoint_id: str = Field(description="The checkpoint that writes.")
    name: Name | None = Field(None, description="Empty: made from the training job's name.")
    priority: Priority = 0

    def spec(self) -> GenerationSpec:
        """Return the spec alone."""
        return GenerationSpec.model_validate(
            self.model_dump(include=set(GenerationSpec.model_fields))
        )
