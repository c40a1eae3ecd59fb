"""Corpora: the list, a new one, one with its versions."""

from apiflask import APIBlueprint
from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge

from shared.corpora.models import Corpus
from shared.corpora.passages import read_passage
from shared.corpora.queries import get_corpus, list_corpora, numbered
from shared.corpora.services import add_corpus, add_version, delete_corpus
from shared.errors import FieldProblem, InUse
from shared.estimates.services import examine
from shared.limits.services import check_new_corpus, check_new_text
from web import downloads
from web.api.texts import UploadedCorpus
from web.api.writing import write
from web.context import limits, services, team_id, user_id
from web.messages import _
from web.pages import doctor, reading
from web.pages.forms import Form, attempt, typed_values
from web.pages.paging import asked_after
from web.pages.parts import asked_for_part, unless_known
from web.pages.passages import asked_place
from web.pages.reports import report_words
from web.pages.state import state_of
from web.pages.uploads import (
    CLEANING,
    answered,
    builtins,
    check_given,
    name_of,
    names_before_file,
    source_of,
    store_typed,
    too_large,
)
from web.recalled import translated

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
    return answered(form, done, status, _form)


@corpora.get("/<corpus_id>")
def show(corpus_id: str) -> ResponseReturnValue:
    """Show a corpus with its newest version, or the one of that number."""
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
    return answered(form, done, status, lambda refused: _form(refused, corpus))


@corpora.post("/<corpus_id>/delete")
def delete(corpus_id: str) -> ResponseReturnValue:
    """Delete a corpus that no job reads, or show why not."""
    name = _corpus(corpus_id).name
    try:
        write(lambda session: delete_corpus(session, team_id(), corpus_id))
    except InUse as error:
        refusal = _("It was not deleted: %(reason)s.", reason=translated(error.args[0]))
        return _page(corpus_id, refusal), error.status
    flash(_("%(name)s is deleted.", name=name))
    return redirect(url_for(".index"), 303)


@corpora.get("/<corpus_id>/read")
def read(corpus_id: str) -> ResponseReturnValue:
    """Show a place in a version's text: ``length`` characters from ``at`` on, and those around."""
    corpus = _corpus(corpus_id)
    version = numbered(corpus, request.args.get("version", type=int))
    place = asked_place(services().db, version)
    return render_template("corpus_read.html", corpus=corpus, version=version, place=place)


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
    return answered(form, None, 413, lambda refused: _form(refused, corpus))


def _form(form: Form, corpus: Corpus | None = None) -> str:
    return render_template(
        "corpus_new.html",
        form=form,
        corpus=corpus,
        source=source_of(form.typed),
        builtins=builtins(),
        cleaning=[(name, form.help(name)) for name in CLEANING],
        most=services().settings.max_upload_bytes,
    )


def _add(form: Form) -> str:
    # First, as a name may be made of what is given.
    check_given(form.typed)
    name = name_of(form.typed)
    with services().db.read() as session:
        check_new_corpus(session, team_id(), limits())
    stored = store_typed(form.typed)
    corpus = write(
        lambda session: add_corpus(session, team_id(), name, stored, user_id(), limits())
    )
    flash(_("%(name)s is here. Read what was found, then train on it.", name=corpus.name))
    return url_for(".show", corpus_id=corpus.id)


def _add_version(corpus: Corpus, form: Form) -> str:
    with services().db.read() as session:
        check_new_text(session, team_id(), limits())
    stored = store_typed(form.typed)

    def work(session: Session) -> int:
        return len(add_version(session, team_id(), corpus.id, stored, limits()).versions)

    added = write(work) > len(corpus.versions)
    flash(_("The new version is here.") if added else _("This text is a version already."))
    return url_for(".show", corpus_id=corpus.id)


def _corpus(corpus_id: str) -> Corpus:
    with services().db.read() as session:
        return get_corpus(session, team_id(), corpus_id)


def _page(corpus_id: str, refusal: str | None = None) -> str | Response:
    with services().db.read() as session:
        corpus = get_corpus(session, team_id(), corpus_id)
        jobs = [(job, state_of(job)) for job in reading.jobs_of_corpus(session, corpus)]
    if asked_for_part():
        return unless_known(render_template("_corpus_jobs.html", corpus=corpus, jobs=jobs))
    version = numbered(corpus, request.args.get("version", type=int))
    with services().db.read() as session:
        lease = services().settings.lease_seconds
        report = examine(session, team_id(), corpus.id, version.number, lease)
    newest = version.number == corpus.latest_version.number
    return render_template(
        "corpus.html",
        corpus=corpus,
        version=version,
        doctor=report,
        findings=doctor.shown_findings(report),
        reason=doctor.REASONS[report.recommendation.reason],
        time=doctor.time_words(report.estimate),
        kinds=doctor.kinds_of_characters(report),
        train_url=doctor.training_link(corpus.id, report, newest),
        cleaned=report_words(version.report),
        excerpt=read_passage(services().db, version, 0, EXCERPT),
        jobs=jobs,
        refusal=refusal,
    )
