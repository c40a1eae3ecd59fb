"""What a training run tells whoever iterates it. Losses are nats a character."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """Text that the model wrote after an epoch: the first text (stream 0) of a generation with
    this prompt, temperature and seed."""

    prompt: str
    text: str
    temperature: float
    rng_seed: int


@dataclass(frozen=True)
class Progress:
    """Where a run is inside an epoch.

    ``fraction`` (0 to 1) and ``eta_seconds`` are of the whole run's training; ``loss`` is the
    mean over the epoch so far; ``characters_per_second`` counts the characters that were guessed
    and learned from: one a window, or all of a window's where ``loss_at`` is "every". ``sample`` is
    what is written so far of one of the epoch's samples, which come one after the other.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    fraction: float
    characters_per_second: float
    eta_seconds: float
    loss: float
    sample: Sample | None = None


@dataclass(frozen=True)
class EpochRecord:
    """Means over one epoch: losses in nats, accuracies from 0 to 1, None without validation.

    Training counts the characters that ``loss_at`` says, validation the one behind each window.
    ``seconds`` are of training: validation and samples are left out. ``characters_per_second``
    counts as in ``Progress``. ``learning_rate`` is the last step's.
    """

    epoch: int
    loss: float
    val_loss: float | None
    accuracy: float
    val_accuracy: float | None
    seconds: float
    characters_per_second: float
    learning_rate: float


@dataclass(frozen=True)
class EpochDone:
    """What an epoch leaves, besides the model: a sample at each temperature, or none."""

    record: EpochRecord
    samples: tuple[Sample, ...]
