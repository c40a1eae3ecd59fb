"""Zip files that are made while they are sent: a checkpoint with all that belongs to it, and the
texts of a job with their receipts."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.blobs import CHUNK_BYTES, read_blob
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import trained_on
from shared.corpora.models import Corpus
from shared.db import Database
from shared.jobs.models import Job, Output
from shared.jobs.queries import read_text, text_places

# A file says more than this about itself only to do harm.
MOST_METADATA = 64 * 1024


@dataclass(frozen=True)
class Entry:
    """One file of a bundle."""

    name: str
    size: int
    pieces: Callable[[], Iterator[bytes]]


class BlobFile(io.RawIOBase):
    """A stored blob as a file to read from anywhere, a chunk at a time."""

    def __init__(self, db: Database, blob_id: str, size: int):
        self._db, self._blob_id, self._size, self._place = db, blob_id, size, 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read from anywhere."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read what one chunk has from here on, as much as there is room for."""
        piece = b""
        if self._place < self._size:
            piece = next(read_blob(self._db, self._blob_id, self._place))[: len(buffer)]
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)


def receipt(session: Session, row: Checkpoint) -> dict[str, Any]:
    """Return what a checkpoint was made from, and by which job."""
    job = session.get_one(Job, row.job_id)
    text = trained_on(session, row)
    corpus = session.get_one(Corpus, text.corpus_id) if text else None
    return {
        "checkpoint": _fields(row, "id", "epoch", "sha256", "bytes", "loss", "val_loss",
                              "created_at"),
        "job": _fields(job, "id", "name", "preset", "attempt", "created_at"),
        # None of a model that was trained elsewhere.
        "corpus": corpus and _fields(corpus, "id", "name"),
        "corpus_version": text and _fields(text, "id", "number", "sha256", "characters", "source",
                                           "created_at"),
    }  # fmt: skip


def bundle(db: Database, row: Checkpoint, told: dict[str, Any]) -> Iterator[bytes]:
    """Yield the zip file of a checkpoint and its receipt. Raises ``BlobMissing``."""
    versions = {"charloom": version("charloom"), "keras": _keras_version(db, row)}
    entries = [
        Entry("model.keras", row.bytes, lambda: read_blob(db, row.blob_id)),
        _json("vocabulary.json", list(row.vocabulary)),
        _json("spec.json", row.spec),
        _json("receipt.json", told | {"versions": versions}),
    ]
    yield from zipped(entries, row.created_at)


def text_entries(db: Database, session: Session, job_id: str) -> list[Entry]:
    """Return a file for each text of a job, named by its number and temperature, and one with all
    receipts."""
    columns = Output.id, Output.number, Output.temperature, Output.receipt
    rows = session.execute(select(*columns).where(Output.job_id == job_id)).all()
    sizes = {place.id: place for place in text_places(session, job_id)}
    entries = [
        Entry(
            f"text-{row.number:04d}-temperature-{row.temperature:g}.txt",
            sizes[row.id].bytes,
            partial(read_text, db, sizes[row.id]),
        )
        for row in sorted(rows, key=lambda row: row.number)
        if row.id in sizes
    ]
    receipts = [row.receipt for row in rows if row.receipt is not None]
    receipts.sort(key=lambda receipt: receipt["number"])
    return [*entries, _json("receipts.json", receipts)]


def zipped(entries: list[Entry], made_at: datetime) -> Iterator[bytes]:
    """Yield a zip file of ``entries``, as they are: nothing in it is made smaller."""
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_STORED) as archive:
        for entry in entries:
            info = ZipInfo(entry.name, made_at.timetuple()[:6])
            # Tells it whether this is one of those files that are too large for the old format.
            info.file_size = entry.size
            info.external_attr = 0o644 << 16
            with archive.open(info, "w") as file:
                for piece in entry.pieces():
                    file.write(piece)
                    yield sink.taken()
    yield sink.taken()


class _Sink:
    """Gathers what a zip file writes. It cannot be sought in: sizes come behind each file."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def taken(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def _keras_version(db: Database, row: Checkpoint) -> str | None:
    """Return which Keras has made a model, as its file says; None where it does not."""
    file = io.BufferedReader(BlobFile(db, row.blob_id, row.bytes), CHUNK_BYTES)
    try:
        with ZipFile(file) as archive, archive.open("metadata.json") as metadata:
            found = json.loads(metadata.read(MOST_METADATA))["keras_version"]
    except (BadZipFile, KeyError, TypeError, ValueError):
        return None
    return str(found)


def _json(name: str, value: object) -> Entry:
    data = (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
    return Entry(name, len(data), lambda: iter([data]))


def _fields(row: object, *names: str) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in names}
    times = {k: v.isoformat().replace("+00:00", "Z") for k, v in fields.items()
             if isinstance(v, datetime)}  # fmt: skip
    return fields | times
