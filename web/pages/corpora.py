"""Corpora: the list, a new one, one with its versions."""

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge

from shared.corpora.models import Corpus
from shared.corpora.queries import get_corpus, list_corpora, version_text
from shared.corpora.services import add_corpus, add_version, delete_corpus
from shared.corpora.sources import BUILTINS
from shared.errors import FieldProblem, InUse
from web import downloads
from web.api.texts import UploadedCorpus
from web.api.writing import write
from web.context import services, team_id
from web.pages import reading
from web.pages.forms import Form, attempt, typed_values
from web.pages.paging import asked_after
from web.pages.reports import report_words
from web.pages.state import state_of
from web.pages.uploads import (
    CLEANING,
    name_of,
    names_before_file,
    source_of,
    store_typed,
    too_large,
)

corpora = APIBlueprint("corpora", __name__, url_prefix="/corpora", enable_openapi=False)

EXCERPT, PAGE = 1500, 50


@corpora.get("")
def index() -> ResponseReturnValue:
    """List the corpora, newest first."""
    after = asked_after()
    with services().db.read() as session:
        page = list_corpora(session, team_id(), after=after, limit=PAGE)
    return render_template("corpora.html", page=page, after=after)


@corpora.get("/new")
def new() -> ResponseReturnValue:
    """Show the form of a new corpus."""
    return _form(Form(UploadedCorpus, request.args.to_dict()))


@corpora.post("/new")
def create() -> ResponseReturnValue:
    """Add a corpus, or show the form again with what is wrong."""
    form = Form(UploadedCorpus, typed_values())
    done, status = attempt(form, lambda: _add(form))
    return redirect(done, status) if done else (_form(form), status)


@corpora.get("/<corpus_id>")
def show(corpus_id: str) -> ResponseReturnValue:
    """Show a corpus."""
    return _page(corpus_id)


@corpora.get("/<corpus_id>/versions/new")
def new_version(corpus_id: str) -> ResponseReturnValue:
    """Show the form of a new version."""
    return _form(Form(UploadedCorpus, request.args.to_dict()), _corpus(corpus_id))


@corpora.post("/<corpus_id>/versions/new")
def create_version(corpus_id: str) -> ResponseReturnValue:
    """Add a version, or show the form again with what is wrong."""
    corpus, form = _corpus(corpus_id), Form(UploadedCorpus, typed_values())
    done, status = attempt(form, lambda: _add_version(corpus, form))
    return redirect(done, status) if done else (_form(form, corpus), status)


@corpora.post("/<corpus_id>/delete")
def delete(corpus_id: str) -> ResponseReturnValue:
    """Delete a corpus that no job reads, or show why not."""
    name = _corpus(corpus_id).name
    try:
        write(lambda session: delete_corpus(session, team_id(), corpus_id))
    except InUse as error:
        return _page(corpus_id, f"It was not deleted: {error}."), error.status
    flash(f"{name} is deleted.")
    return redirect(url_for(".index"), 303)


@corpora.get("/<corpus_id>/text.txt")
def text(corpus_id: str) -> ResponseReturnValue:
    """Send the cleaned text."""
    return downloads.corpus_text(services(), corpus_id, request.args.get("version", type=int))


@corpora.errorhandler(413)
def _too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Show the form again, though the request was never read whole."""
    corpus_id = (request.view_args or {}).get("corpus_id")
    corpus = _corpus(corpus_id) if corpus_id else None
    form = Form(UploadedCorpus, names_before_file(request))
    problem = too_large()
    form.problems = [FieldProblem(source_of(form.typed), problem.message)]
    return _form(form, corpus), 413


def _form(form: Form, corpus: Corpus | None = None) -> str:
    return render_template(
        "corpus_new.html",
        form=form,
        corpus=corpus,
        source=source_of(form.typed),
        builtins=list(BUILTINS.values()),
        cleaning=[(name, form.help(name)) for name in CLEANING],
        most=services().settings.max_upload_bytes,
    )


def _add(form: Form) -> str:
    name = name_of(form.typed)
    stored = store_typed(form.typed)
    corpus = write(lambda session: add_corpus(session, team_id(), name, stored))
    flash(f"{corpus.name} is here. Read what was found, then train on it.")
    return url_for(".show", corpus_id=corpus.id)


def _add_version(corpus: Corpus, form: Form) -> str:
    stored = store_typed(form.typed)

    def work(session: Session) -> int:
        return len(add_version(session, team_id(), corpus.id, stored).versions)

    added = write(work) > len(corpus.versions)
    flash("The new version is here." if added else "This text is a version already.")
    return url_for(".show", corpus_id=corpus.id)


def _corpus(corpus_id: str) -> Corpus:
    with services().db.read() as session:
        return get_corpus(session, team_id(), corpus_id)


def _page(corpus_id: str, refusal: str | None = None) -> str:
    with services().db.read() as session:
        corpus = get_corpus(session, team_id(), corpus_id)
        jobs = reading.jobs_of_corpus(session, corpus)
    latest = corpus.latest_version
    return render_template(
        "corpus.html",
        corpus=corpus,
        latest=latest,
        report=report_words(latest.report),
        excerpt=_excerpt(next(version_text(services().db, latest), b"")),
        jobs=[(job, state_of(job)) for job in jobs],
        refusal=refusal,
    )


def _excerpt(piece: bytes) -> str:
    # The piece may end inside a character.
    return piece.decode("utf-8", errors="ignore")[:EXCERPT]
