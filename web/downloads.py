"""Downloads for API and pages: read from the database chunk by chunk, never held whole."""

import codecs
import json
import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256
from itertools import chain
from typing import Any
from urllib.parse import quote

from flask import Response, request

from shared.blobs import Blob, read_blob
from shared.checkpoints.queries import get_checkpoint
from shared.corpora.queries import get_corpus, numbered
from shared.db import Database
from shared.errors import NotFound
from shared.jobs.models import Job, Kind, Output, Sample
from shared.jobs.queries import (
    TextPlace,
    all_outputs,
    all_samples,
    get_job,
    output_text,
    read_text,
    text_places,
)
from shared.said import said
from web.bundles import bundle, receipt, text_entries, zipped
from web.context import Services, team_id
from web.ranges import Part, answer, begun

TEXT, LINES = "text/plain", "application/x-ndjson"
MODEL, ZIP = "application/octet-stream", "application/zip"
# Leaves room for the suffix: file systems take 255 bytes, a character may need four.
MOST_NAME = 55
# What some file system forbids, and what means something inside a header.
UNSAFE = frozenset('<>:"/\\|?*.;%')

HAVE = {Kind.GENERATE: said("outputs"), Kind.TRAIN: said("samples")}
OUTPUT_FIELDS = (
    "id",
    "job_id",
    "number",
    "temperature",
    "prompt",
    "prompt_report",
    "characters",
    "rng_seed",
    "finish_reason",
    "copying",
    "receipt",
)
SAMPLE_FIELDS = (
    "id",
    "job_id",
    "epoch",
    "temperature",
    "prompt",
    "text",
    "rng_seed",
    "copying",
    "starred",
)
# What a file of samples is called that has all of them, the starred ones, those without a star.
SAMPLES = {None: "samples", True: "stars", False: "unstarred"}


def output_txt(found: Services, job_id: str, number: int | None = None) -> Response:
    """Return the texts alone, joined by one newline, or the one text of that number."""
    job = _job(found.db, job_id, Kind.GENERATE)
    with found.db.read() as session:
        places = text_places(session, job_id, number)
    # A text that is there never changes: only others join it.
    etag = sha256("".join(place.id for place in places).encode()).hexdigest()
    return _file(_joined(found.db, places), etag, TEXT, job.name, "output.txt")


def output_jsonl(found: Services, job_id: str) -> Response:
    """Return one JSON object a line for each text, with what it was drawn by."""
    job = _job(found.db, job_id, Kind.GENERATE)
    lines = chain.from_iterable(
        _line(_fields(output, OUTPUT_FIELDS), output_text(found.db, output))
        for output in all_outputs(found.db, job_id)
    )
    return _download(lines, LINES, job.name, "output.jsonl")


def output_zip(found: Services, job_id: str) -> Response:
    """Return a file for each text, and the receipts in one."""
    job = _job(found.db, job_id, Kind.GENERATE)
    with found.db.read() as session:
        entries = text_entries(found.db, session, job_id)
    return _download(zipped(entries, job.created_at), ZIP, job.name, "output.zip")


def samples_txt(found: Services, job_id: str, starred: bool | None = None) -> Response:
    """Return the samples for reading, each below a line that says which it is.

    All of them, the starred ones, or those without a star.
    """
    job, rows = _job(found.db, job_id, Kind.TRAIN), all_samples(found.db, job_id, starred)
    texts = ((_heading(row) + row.text + "\n\n").encode() for row in rows)
    return _download(texts, TEXT, job.name, f"{SAMPLES[starred]}.txt")


def samples_jsonl(found: Services, job_id: str, starred: bool | None = None) -> Response:
    """Return one JSON object a line for each sample, of which as in ``samples_txt``."""
    job, rows = _job(found.db, job_id, Kind.TRAIN), all_samples(found.db, job_id, starred)
    lines = (_json(_fields(row, SAMPLE_FIELDS)) + b"\n" for row in rows)
    return _download(lines, LINES, job.name, f"{SAMPLES[starred]}.jsonl")


def model_keras(found: Services, checkpoint_id: str) -> Response:
    """Return a checkpoint's plain ``.keras`` file."""
    with found.db.read() as session:
        row = get_checkpoint(session, team_id(), checkpoint_id)
        name = session.get_one(Job, row.job_id).name
    suffix = f"epoch-{row.epoch}-model.keras"
    return _file([_blob(found.db, row.blob_id, row.bytes)], row.sha256, MODEL, name, suffix)


def bundle_zip(found: Services, checkpoint_id: str) -> Response:
    """Return a checkpoint's model, vocabulary, spec and receipt in one file."""
    with found.db.read() as session:
        row = get_checkpoint(session, team_id(), checkpoint_id)
        told = receipt(session, row)
    pieces = bundle(found.db, row, told)
    return _download(pieces, ZIP, told["job"]["name"], f"epoch-{row.epoch}-bundle.zip")


def corpus_text(found: Services, corpus_id: str, number: int | None = None) -> Response:
    """Return the cleaned text of a corpus: of the newest version, or of that number."""
    with found.db.read() as session:
        corpus = get_corpus(session, team_id(), corpus_id)
        version = numbered(corpus, number)
        size = session.get_one(Blob, version.blob_id).bytes
    suffix = f"v{version.number}.txt"
    part = _blob(found.db, version.blob_id, size)
    return _file([part], version.sha256, TEXT, corpus.name, suffix)


def disposition(name: str) -> str:
    """Return a Content-Disposition that saves as ``name``: RFC 6266, the plain form for all."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def file_name(name: str, suffix: str) -> str:
    """Return a name that every file system takes, whatever the user called the thing."""
    kept = (c if c.isprintable() and c not in UNSAFE else " " for c in name)
    stem = "-".join("".join(kept).split())[:MOST_NAME]
    return f"{stem}-{suffix}" if stem else suffix


def _job(db: Database, job_id: str, kind: Kind) -> Job:
    with db.read() as session:
        job = get_job(session, team_id(), job_id)
    if job.kind != kind:
        have = HAVE.get(Kind(job.kind), said("a result"))
        raise NotFound(
            said("job {id} is a {kind} job: it has {have}", id=job_id, kind=job.kind, have=have)
        )
    return job


def _blob(db: Database, blob_id: str, size: int) -> Part:
    return Part(size, lambda start: read_blob(db, blob_id, start))


def _joined(db: Database, places: Sequence[TextPlace]) -> list[Part]:
    """Return the texts with a newline between each two."""
    texts = [Part(place.bytes, partial(read_text, db, place)) for place in places]
    newline = Part.of(b"\n")
    return [part for text in texts for part in (newline, text)][1:]


def _line(fields: dict[str, Any], text: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a JSON object whose ``text`` comes last, so that it can be streamed."""
    yield _json(fields)[:-1] + b', "text": "'
    decoder = codecs.getincrementaldecoder("utf-8")()
    for piece in text:
        yield _json(decoder.decode(piece))[1:-1]
    yield b'"}\n'


def _fields(row: Output | Sample, names: tuple[str, ...]) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in names}
    return fields | {"created_at": row.created_at.isoformat().replace("+00:00", "Z")}


def _heading(row: Sample) -> str:
    return f"== epoch {row.epoch}, temperature {row.temperature:g} ==\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _download(pieces: Iterator[bytes], mimetype: str, name: str, suffix: str) -> Response:
    """Return what is made as it is sent: nobody knows its size, so it has no ranges."""
    body = None if request.method == "HEAD" else begun(pieces)
    response = Response(body, mimetype=mimetype)
    response.headers["Accept-Ranges"] = "none"
    return _saved_as(response, name, suffix)


def _file(parts: Sequence[Part], etag: str, mimetype: str, name: str, suffix: str) -> Response:
    return _saved_as(answer(parts, etag, mimetype), name, suffix)


def _saved_as(response: Response, name: str, suffix: str) -> Response:
    response.headers["Content-Disposition"] = disposition(file_name(name, suffix))
    return response
