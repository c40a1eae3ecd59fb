"""Training jobs with epochs, samples and checkpoints, as a worker leaves them, without training."""

import random
from dataclasses import dataclass
from typing import Any

from shared.corpora.models import Corpus
from shared.db import Database
from shared.jobs.models import Job
from shared.jobs.records import NewSample
from shared.jobs.rows import Lease
from shared.jobs.services import report_progress
from tests.support.factories import claim_job, finish_epoch, make_training_job, reload

TEMPERATURES = (0.3, 0.6, 1.0)
WORDS = ["the", "of", "and", "to", "in", "that", "he", "was", "it", "his", "best", "worst", "times",
         "age", "wisdom", "foolishness", "epoch", "belief", "season", "light", "dark", "spring",
         "hope", "winter", "despair", "we", "had", "everything", "before", "us"]  # fmt: skip
STRETCH = {"start": 12, "length": 40, "at": 53}


@dataclass(frozen=True)
class Shape:
    """How much a run leaves."""

    epochs: int = 3
    temperatures: tuple[float, ...] = TEMPERATURES
    characters: int = 400


def make_run(
    db: Database, corpus: Corpus | None = None, shape: Shape | None = None, **fields: Any
) -> tuple[Job, Lease]:
    """Return a running job that has finished some epochs, and its lease."""
    shape = shape or Shape()
    given = {"sample_temperature": list(shape.temperatures), "keep_checkpoints": 5}
    job = make_training_job(db, corpus, **{"epochs": shape.epochs + 1, **given, **fields})
    lease = claim_job(db, job)
    rng = random.Random(1)
    for epoch in range(1, shape.epochs + 1):
        samples = [_sample(rng, temperature, shape) for temperature in shape.temperatures]
        loss = 1.2 + 2.2 / epoch**0.5
        finish_epoch(db, lease, epoch, samples=samples, loss=loss,
                     val_loss=loss + 0.0004 * epoch, learning_rate=0.01 / epoch)  # fmt: skip
    with db.write() as session:
        report_progress(session, lease, {
            "epoch": shape.epochs, "epochs": shape.epochs + 1, "step": 7, "steps": 20,
            "fraction": 0.5, "characters_per_second": 999.0, "eta_seconds": 130.0, "loss": 1.5,
            "sample": {"prompt": "It was", "text": "being wri", "temperature": 0.6},
        })  # fmt: skip
    return reload(db, job), lease


def _sample(rng: random.Random, temperature: float, shape: Shape) -> NewSample:
    words = " ".join(rng.choice(WORDS) for _ in range(shape.characters // 3))
    copying = {"characters": shape.characters, "longest": 40, "copied": 40,
               "share": 40 / shape.characters, "found": 1, "stretches": [STRETCH]}  # fmt: skip
    return NewSample(temperature, "It was the best of times", words[: shape.characters], 7,
                     copying=copying)  # fmt: skip
