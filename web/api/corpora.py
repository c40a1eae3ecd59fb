"""Corpora: add, list, read, delete."""

from apiflask import APIBlueprint
from flask import Response, url_for
from pydantic import Field
from sqlalchemy.orm import Session

from shared.corpora.queries import get_corpus, list_corpora
from shared.corpora.services import add_corpus, add_version, delete_corpus
from shared.estimates.services import CorpusReport, examine
from shared.fields import Spec
from shared.limits.services import check_new_corpus, check_new_text
from web.api.document import Responses, answer, download
from web.api.faults import OF_FILES, OF_TEXTS, refuses
from web.api.inputs import Number, PageQuery, takes
from web.api.schemas import CorpusDetail, CorpusPage
from web.api.texts import NewCorpus, NewVersion, Uploaded, UploadedCorpus, incoming
from web.api.writing import write
from web.context import limits, services, team_id, user_id
from web.downloads import corpus_text

Created = tuple[CorpusDetail, int, dict[str, str]]

UNCHANGED: Responses = {200: answer("The corpus has this text already", CorpusDetail)}

corpora = APIBlueprint("corpora", __name__, url_prefix="/api/v1/corpora", tag="Corpora")


class TextQuery(Spec):
    """Which text of a corpus."""

    version: Number | None = Field(None, description="A version's number. Left out: the newest.")


@corpora.post("")
@corpora.output(CorpusDetail, 201)
@corpora.doc(extensions={"x-body": [NewCorpus, UploadedCorpus]} | refuses(*OF_TEXTS))
def add() -> Created:
    """Add a corpus from a file, a pasted text, an address or a built-in one.

    As a form with a `file`, or as JSON with exactly one of `text`, `url` and `builtin`. The answer
    tells what cleaning found; the text is kept as a version, by its SHA-256.
    """
    with services().db.read() as session:
        check_new_corpus(session, team_id(), limits())
    new = incoming(UploadedCorpus, NewCorpus)
    stored = new.store()

    def work(session: Session) -> CorpusDetail:
        name = new.fields.name
        return CorpusDetail.of(add_corpus(session, team_id(), name, stored, user_id(), limits()))

    return _created(write(work))


@corpora.get("")
@takes(corpora, PageQuery, "query")
@corpora.output(CorpusPage)
def index(query: PageQuery) -> CorpusPage:
    """List the corpora, newest first.

    Each with its latest version. The next page begins `after` the last id of this one.
    """
    with services().db.read() as session:
        return CorpusPage.of(list_corpora(session, team_id(), after=query.after, limit=query.limit))


@corpora.get("/<corpus_id>")
@corpora.output(CorpusDetail)
def show(corpus_id: str) -> CorpusDetail:
    """Show a corpus with all its versions.

    The versions come oldest first; jobs read the newest one unless they name another.
    """
    with services().db.read() as session:
        return CorpusDetail.of(get_corpus(session, team_id(), corpus_id))


@corpora.delete("/<corpus_id>")
@corpora.doc(responses={204: "Deleted"}, extensions=refuses("in_use"))
def delete(corpus_id: str) -> tuple[str, int]:
    """Delete a corpus that no job reads.

    With all its versions. While a job or a schedule works with it, it is refused: `in_use`.
    """
    write(lambda session: delete_corpus(session, team_id(), corpus_id))
    return "", 204


@corpora.post("/<corpus_id>/versions")
@corpora.output(CorpusDetail, 201)
@corpora.doc(
    responses=UNCHANGED,
    extensions={"x-body": [NewVersion, Uploaded]} | refuses(*OF_TEXTS),
)
def add_one_version(corpus_id: str) -> Created:
    """Add a version to a corpus, unless it has the same text already.

    Takes what adding a corpus takes, but for the name. A text that is there already is answered
    with 200 and adds nothing.
    """
    with services().db.read() as session:
        get_corpus(session, team_id(), corpus_id)
        check_new_text(session, team_id(), limits())
    stored = incoming(Uploaded, NewVersion).store()

    def work(session: Session) -> tuple[CorpusDetail, bool]:
        before = len(get_corpus(session, team_id(), corpus_id).versions)
        corpus = CorpusDetail.of(add_version(session, team_id(), corpus_id, stored, limits()))
        return corpus, len(corpus.versions) > before

    corpus, added = write(work)
    return _created(corpus, 201 if added else 200)


@corpora.get("/<corpus_id>/report")
@takes(corpora, TextQuery, "query")
@corpora.output(CorpusReport)
def report(corpus_id: str, query: TextQuery) -> CorpusReport:
    """Show the corpus doctor's report.

    What is in the text, what there is to say about it, which preset and size suit it, and what
    that run would take: of the newest version, or the one of `version`.
    """
    found = services()
    with found.db.read() as session:
        seconds = found.settings.lease_seconds
        return examine(session, team_id(), corpus_id, query.version, seconds)


@corpora.get("/<corpus_id>/text")
@takes(corpora, TextQuery, "query")
@corpora.doc(responses=download("text/plain", "The cleaned text"), extensions=refuses(*OF_FILES))
def text(corpus_id: str, query: TextQuery) -> Response:
    """Download the text of a corpus.

    As it was cleaned, in UTF-8: the newest version, or the one of `version`. `Range` and `If-Range`
    are honoured.
    """
    return corpus_text(services(), corpus_id, query.version)


def _created(corpus: CorpusDetail, status: int = 201) -> Created:
    return corpus, status, {"Location": url_for("corpora.show", corpus_id=corpus.id)}
