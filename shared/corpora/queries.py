"""Reading corpora, their versions and their text."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from shared.blobs import read_blob
from shared.corpora.models import Corpus, CorpusVersion
from shared.db import Database
from shared.errors import NotFound
from shared.ids import is_id
from shared.pages import DEFAULT_LIMIT, Page, page
from shared.said import said


def get_corpus(session: Session, team_id: str, corpus_id: str) -> Corpus:
    """Return the team's corpus with its versions. Raises ``NotFound``."""
    corpus = None
    if is_id(corpus_id):
        # Also where the session holds it already, as right after it was added.
        corpus = session.get(
            Corpus, corpus_id, options=[joinedload(Corpus.versions)], populate_existing=True
        )
    if corpus is None or corpus.team_id != team_id:
        raise NotFound(said("no corpus has the id {id}", id=corpus_id))
    return corpus


def get_version(session: Session, team_id: str, version_id: str) -> CorpusVersion:
    """Return a version of one of the team's corpora. Raises ``NotFound``."""
    version = None
    if is_id(version_id):
        version = session.get(CorpusVersion, version_id, options=[joinedload(CorpusVersion.corpus)])
    if version is None or version.corpus.team_id != team_id:
        raise NotFound(said("no corpus version has the id {id}", id=version_id))
    return version


def list_corpora(
    session: Session, team_id: str, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Corpus]:
    """Return the team's corpora with their versions, newest first."""
    ids = page(
        session,
        select(Corpus.id).where(Corpus.team_id == team_id),
        Corpus.id,
        after=after,
        limit=limit,
        newest_first=True,
    )
    query = select(Corpus).where(Corpus.id.in_(ids.data)).options(joinedload(Corpus.versions))
    rows = session.scalars(query.order_by(Corpus.id.desc())).unique().all()
    return Page(list(rows), ids.has_more)


def numbered(corpus: Corpus, number: int | None) -> CorpusVersion:
    """Return the corpus' version of that number, the newest for None. Raises ``NotFound``."""
    if number is None:
        return corpus.latest_version
    for version in corpus.versions:
        if version.number == number:
            return version
    raise NotFound(said("the corpus has no version {number}", number=number))


def version_text(db: Database, version: CorpusVersion) -> Iterator[bytes]:
    """Yield the version's UTF-8 bytes."""
    return read_blob(db, version.blob_id)
