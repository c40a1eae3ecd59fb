"""What a job left behind, in a form that two runs of the same order can be compared by."""

import io
from dataclasses import dataclass
from hashlib import sha256
from zipfile import ZipFile

import h5py
import numpy as np
from sqlalchemy import select

from shared.blobs import read_blob
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.models import Epoch, Output, Sample
from shared.jobs.queries import output_text

WEIGHTS = "model.weights.h5"


@dataclass(frozen=True)
class Outcome:
    """All that must not depend on what happened to the workers meanwhile."""

    epochs: list[tuple[int, float, float | None, float, float | None]]
    samples: list[tuple[int, str, str]]
    checkpoints: list[tuple[int, str]]
    outputs: list[tuple[int, str, str]]


def outcome(db: Database, job_id: str) -> Outcome:
    """Return what a job left, oldest first: doubled rows too."""
    with db.read() as session:
        epochs = session.scalars(
            select(Epoch).where(Epoch.job_id == job_id).order_by(Epoch.epoch)
        ).all()
        samples = session.scalars(
            select(Sample).where(Sample.job_id == job_id).order_by(Sample.epoch, Sample.id)
        ).all()
        checkpoints = session.scalars(
            select(Checkpoint).where(Checkpoint.job_id == job_id).order_by(Checkpoint.epoch)
        ).all()
        outputs = session.scalars(
            select(Output).where(Output.job_id == job_id).order_by(Output.number)
        ).all()
    return Outcome(
        [(e.epoch, e.loss, e.val_loss, e.accuracy, e.val_accuracy) for e in epochs],
        [(s.epoch, s.prompt, s.text) for s in samples],
        [(c.epoch, weights_sha256(db, c.blob_id)) for c in checkpoints],
        [(o.number, o.finish_reason, b"".join(output_text(db, o)).decode()) for o in outputs],
    )


def weights_sha256(db: Database, blob_id: str) -> str:
    """Return a hash of all weights' bytes in a stored ``.keras`` file, each with its path.

    The file itself carries its date. Read without Keras, which would take seconds to load.
    """
    digest = sha256()

    def add(path: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset):
            digest.update(path.encode())
            digest.update(np.ascontiguousarray(item[()]).tobytes())

    with ZipFile(io.BytesIO(b"".join(read_blob(db, blob_id)))) as archive:
        stored = io.BytesIO(archive.read(WEIGHTS))
    with h5py.File(stored, "r") as weights:
        weights.visititems(add)
    return digest.hexdigest()
