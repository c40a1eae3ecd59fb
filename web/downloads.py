"""Downloads for API and pages: read from the database chunk by chunk, never held whole."""

import codecs
import json
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any
from urllib.parse import quote

from flask import Response, request

from shared.blobs import Blob, read_blob
from shared.checkpoints.queries import get_checkpoint
from shared.corpora.models import Corpus, CorpusVersion
from shared.corpora.queries import get_corpus, version_text
from shared.db import Database
from shared.errors import NotFound
from shared.jobs.models import Job, Kind, Output, Sample
from shared.jobs.queries import all_outputs, all_samples, get_job, get_output, output_text
from web.context import Services, team_id

TEXT, LINES, MODEL = "text/plain", "application/x-ndjson", "application/octet-stream"
# Leaves room for the suffix: file systems take 255 bytes, a character may need four.
MOST_NAME = 55
# What some file system forbids, and what means something inside a header.
UNSAFE = frozenset('<>:"/\\|?*.;%')

HAVE = {Kind.GENERATE: "outputs", Kind.TRAIN: "samples"}
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
SAMPLE_FIELDS = ("id", "job_id", "epoch", "temperature", "prompt", "text", "rng_seed", "copying")


def output_txt(found: Services, job_id: str, number: int | None = None) -> Response:
    """Return the texts alone, joined by one newline, or the one text of that number."""
    job = _job(found.db, job_id, Kind.GENERATE)
    if number is None:
        outputs: Iterable[Output] = all_outputs(found.db, job_id)
    else:
        with found.db.read() as session:
            outputs = [get_output(session, job_id, number)]
    pieces = _joined(output_text(found.db, output) for output in outputs)
    return _download(pieces, TEXT, job.name, "output.txt")


def output_jsonl(found: Services, job_id: str) -> Response:
    """Return one JSON object a line for each text, with what it was drawn by."""
    job = _job(found.db, job_id, Kind.GENERATE)
    lines = chain.from_iterable(
        _line(_fields(output, OUTPUT_FIELDS), output_text(found.db, output))
        for output in all_outputs(found.db, job_id)
    )
    return _download(lines, LINES, job.name, "output.jsonl")


def samples_txt(found: Services, job_id: str) -> Response:
    """Return the samples for reading, each below a line that says which it is."""
    job = _job(found.db, job_id, Kind.TRAIN)
    samples = (_heading(row) + row.text + "\n\n" for row in all_samples(found.db, job_id))
    return _download((text.encode() for text in samples), TEXT, job.name, "samples.txt")


def samples_jsonl(found: Services, job_id: str) -> Response:
    """Return one JSON object a line for each sample."""
    job = _job(found.db, job_id, Kind.TRAIN)
    lines = (_json(_fields(row, SAMPLE_FIELDS)) + b"\n" for row in all_samples(found.db, job_id))
    return _download(lines, LINES, job.name, "samples.jsonl")


def model_keras(found: Services, checkpoint_id: str) -> Response:
    """Return a checkpoint's plain ``.keras`` file."""
    with found.db.read() as session:
        row = get_checkpoint(session, team_id(), checkpoint_id)
        name = session.get_one(Job, row.job_id).name
    suffix = f"epoch-{row.epoch}-model.keras"
    response = _download(read_blob(found.db, row.blob_id), MODEL, name, suffix, row.bytes)
    return _cacheable(response, row.sha256)


def corpus_text(found: Services, corpus_id: str, number: int | None = None) -> Response:
    """Return the cleaned text of a corpus: of the newest version, or of that number."""
    with found.db.read() as session:
        corpus = get_corpus(session, team_id(), corpus_id)
        version = _version(corpus, number)
        size = session.get_one(Blob, version.blob_id).bytes
    suffix = f"v{version.number}.txt"
    response = _download(version_text(found.db, version), TEXT, corpus.name, suffix, size)
    return _cacheable(response, version.sha256)


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
        have = HAVE.get(Kind(job.kind), "a result")
        raise NotFound(f"job {job_id} is a {job.kind} job: it has {have}")
    return job


def _version(corpus: Corpus, number: int | None) -> CorpusVersion:
    if number is None:
        return corpus.latest_version
    for version in corpus.versions:
        if version.number == number:
            return version
    raise NotFound(f"the corpus has no version {number}")


def _joined(texts: Iterable[Iterator[bytes]]) -> Iterator[bytes]:
    for number, text in enumerate(texts):
        if number:
            yield b"\n"
        yield from text


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


def _download(
    pieces: Iterator[bytes], mimetype: str, name: str, suffix: str, size: int | None = None
) -> Response:
    # Read the first piece now: once the answer has begun, an error can only cut it short.
    first = next(pieces, b"")
    response = Response(chain([first], pieces), mimetype=mimetype)
    if size is not None:
        response.content_length = size
    response.headers["Content-Disposition"] = disposition(file_name(name, suffix))
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _cacheable(response: Response, sha256: str) -> Response:
    response.set_etag(sha256)
    response.make_conditional(request)
    return response
