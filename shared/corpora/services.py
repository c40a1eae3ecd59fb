"""Adding corpora and versions, and deleting what nothing needs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from shared.blobs import StoredBlob, keep, write_blob
from shared.corpora.cleaning import Cleaning, Report, clean
from shared.corpora.decoding import DECLARED, decode, find_encoding
from shared.corpora.doctor import Doctor
from shared.corpora.examinations import Examination
from shared.corpora.fetching import fetch
from shared.corpora.models import Corpus, CorpusVersion
from shared.corpora.queries import get_corpus
from shared.corpora.sources import BUILTINS, open_builtin
from shared.db import Database, now
from shared.errors import CorpusTooShort, EmptyCorpus, FieldProblem, InUse
from shared.ids import new_id
from shared.jobs.models import Job
from shared.limits.models import LIMITS, Limits
from shared.limits.services import check_new_corpus, check_new_text
from shared.said import said
from shared.schedules.models import Schedule
from shared.settings import Settings
from shared.specs import TrainingSpec

# No spec at all could train on less.
LEAST_CHARACTERS = TrainingSpec(window=2, validation_fraction=0).least_characters()


@dataclass(frozen=True)
class NewText:
    """A text on its way in: where it is read from, and how it is to be cleaned."""

    file: BinaryIO
    source: str
    cleaning: Cleaning = field(default_factory=Cleaning)
    expected_sha256: str | None = None


@dataclass(frozen=True)
class StoredText:
    """A cleaned text whose bytes are stored."""

    blob: StoredBlob
    vocabulary: str
    source: str
    report: Report
    examination: Examination


def builtin_text(name: str, settings: Settings, cleaning: Cleaning) -> NewText:
    """Return a built-in text. Raises ``SourceUnavailable``."""
    # Only the text as it came can be compared with the expected one.
    expected = BUILTINS[name].sha256 if cleaning == Cleaning() else None
    return NewText(open_builtin(name, settings), f"builtin:{name}", cleaning, expected)


def fetched_text(url: str, settings: Settings, cleaning: Cleaning) -> NewText:
    """Return the text at an address. Raises ``AddressRefused``, ``SourceUnavailable``."""
    return NewText(fetch(url, settings).file, f"url:{url}", cleaning)


def store_text(db: Database, new: NewText) -> StoredText:
    """Decode, clean and store a text, a piece at a time; its file is closed then.

    Raises ``NotText``, ``EmptyCorpus``, ``CorpusTooShort``.
    """
    with new.file:
        return _stored(db, new)


def _stored(db: Database, new: NewText) -> StoredText:
    report, doctor = Report(encoding=find_encoding(new.file)), Doctor()
    pieces = clean(decode(new.file, report.encoding), new.cleaning, report)
    if report.encoding not in DECLARED:
        report.notes.append(
            said(
                "not UTF-8: read as {encoding}, which was found by detection",
                encoding=report.encoding,
            )
        )
    blob = write_blob(db, _enough(_encoded(pieces, doctor), report))
    if new.expected_sha256 not in (None, blob.sha256):
        report.notes.append(
            said(
                "not the expected text: SHA-256 {sha256}, expected {expected}",
                sha256=blob.sha256,
                expected=new.expected_sha256,
            )
        )
    return StoredText(blob, doctor.vocabulary(), new.source, report, doctor.examination())


def add_corpus(
    session: Session,
    team_id: str,
    name: str,
    text: StoredText,
    user_id: str | None = None,
    limits: Limits = LIMITS,
) -> Corpus:
    """Add a corpus with its first version. Raises ``QuotaExceeded``."""
    check_new_corpus(session, team_id, limits, text.blob.bytes)
    corpus = Corpus(id=new_id(), team_id=team_id, name=name, created_at=now())
    corpus.user_id = user_id
    session.add(corpus)
    session.flush()
    _add_version(session, corpus, 1, text)
    return get_corpus(session, team_id, corpus.id)


def add_version(
    session: Session, team_id: str, corpus_id: str, text: StoredText, limits: Limits = LIMITS
) -> Corpus:
    """Add a version, unless the corpus holds the same text already.

    Raises ``NotFound``, ``QuotaExceeded``.
    """
    corpus = get_corpus(session, team_id, corpus_id)
    if all(version.sha256 != text.blob.sha256 for version in corpus.versions):
        check_new_text(session, team_id, limits, text.blob.bytes)
        last = select(func.max(CorpusVersion.number)).where(CorpusVersion.corpus_id == corpus.id)
        _add_version(session, corpus, (session.scalar(last) or 0) + 1, text)
    return get_corpus(session, team_id, corpus_id)


def delete_corpus(session: Session, team_id: str, corpus_id: str) -> None:
    """Delete a corpus that no job and no schedule reads. Raises ``NotFound``, ``InUse``."""
    corpus = get_corpus(session, team_id, corpus_id)
    versions = [version.id for version in corpus.versions]
    jobs = select(func.count()).where(Job.corpus_version_id.in_(versions))
    schedules = select(func.count()).where(Schedule.corpus_id == corpus.id)
    if count := session.scalars(jobs).one():
        raise InUse(_read_by_jobs(count))
    if count := session.scalars(schedules).one():
        raise InUse(_read_by_schedules(count))
    session.execute(delete(Corpus).where(Corpus.id == corpus.id))


def _read_by_jobs(count: int) -> str:
    if count == 1:
        return said("1 job reads this corpus: it cannot be deleted")
    return said("{count} jobs read this corpus: it cannot be deleted", count=count)


def _read_by_schedules(count: int) -> str:
    if count == 1:
        return said("1 schedule reads this corpus: it cannot be deleted")
    return said("{count} schedules read this corpus: it cannot be deleted", count=count)


def _encoded(pieces: Iterator[str], doctor: Doctor) -> Iterator[bytes]:
    for piece in pieces:
        doctor.look(piece)
        yield piece.encode()


def _at_least() -> str:
    return said("at least {count} characters", count=LEAST_CHARACTERS)


def _enough(pieces: Iterator[bytes], report: Report) -> Iterator[bytes]:
    """Yield the pieces; after the last, refuse what has too few characters."""
    yield from pieces
    _check_size(report.characters)


def _check_size(characters: int) -> None:
    if characters == 0:
        problem = FieldProblem("text", said("the text is empty"), 0, _at_least())
        raise EmptyCorpus(problem.message, [problem])
    if characters < LEAST_CHARACTERS:
        problem = FieldProblem(
            "text",
            said(
                "the text has {count} characters; no model can be trained on fewer than {least}",
                count=characters,
                least=LEAST_CHARACTERS,
            ),
            characters,
            _at_least(),
        )
        raise CorpusTooShort(problem.message, [problem])


def _add_version(session: Session, corpus: Corpus, number: int, text: StoredText) -> None:
    keep(session, text.blob.id)
    session.add(
        CorpusVersion(
            id=new_id(),
            corpus_id=corpus.id,
            number=number,
            sha256=text.blob.sha256,
            characters=text.report.characters,
            vocabulary=text.vocabulary,
            blob_id=text.blob.id,
            source=text.source,
            report=text.report.as_json(),
            examination=text.examination.model_dump(),
            created_at=now(),
        )
    )
    session.flush()
