"""The form of a training job."""

from apiflask import APIBlueprint
from flask import jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.corpora.models import Corpus, CorpusVersion
from shared.jobs.models import Job
from shared.jobs.requests import TrainingRequest
from shared.jobs.submissions import submit_training
from web.api.writing import write
from web.context import services, team_id
from web.messages import _
from web.pages import reading
from web.pages.estimating import answer, estimate_words, estimated
from web.pages.filling import cloned, filled_in, start_of
from web.pages.forms import YES, Choice, Form, attempt, typed_values, validated
from web.pages.groups import main_fields, node_group, spec_groups
from web.pages.presets import preset_cards, preset_numbers, preset_of
from web.pages.submitting import checkpoint_choices, corpus_choice, form_submitter
from web.pages.words import counted

training = APIBlueprint("training", __name__, url_prefix="/training", enable_openapi=False)

# The button that asks what a run would take, where no script does.
ASKED = "estimate"


@training.get("/new")
def new() -> ResponseReturnValue:
    """Show the form, filled in with what the address says: see ``filled_in``."""
    with services().db.read() as session:
        typed = filled_in(session)
        job = cloned(session, request.args.get("clone", ""))
    return _page(Form(TrainingRequest, typed), job)


@training.post("/new")
def create() -> ResponseReturnValue:
    """Queue the job, or show the form again with what is wrong, or with what it would take."""
    form = Form(TrainingRequest, typed_values())
    if form.value(ASKED) == YES:
        return _estimated_page(form)
    done, status = attempt(form, lambda: _submit(form))
    return redirect(done, status) if done else (_page(form), status)


@training.post("/estimate")
def estimate() -> ResponseReturnValue:
    """Tell the script what the run would take, and what is wrong beside which field."""
    form = Form(TrainingRequest, typed_values())
    with services().db.read() as session:
        found = estimated(session, form)
    return jsonify(answer(form, found))


def _submit(form: Form) -> str:
    body = validated(TrainingRequest, form.typed)
    job = write(lambda session: submit_training(session, form_submitter(form.typed), body))
    return url_for("pages.jobs.show", job_id=job.id)


def _estimated_page(form: Form) -> ResponseReturnValue:
    with services().db.read() as session:
        estimated(session, form)
    return _page(form), 422 if form.message else 200


def _page(form: Form, job: Job | None = None) -> str:
    wanted = form.value("from_checkpoint_id")
    with services().db.read() as session:
        corpora = reading.all_corpora(session, team_id())
        checkpoints = reading.checkpoints_to_choose(session, team_id(), wanted)
        receivers = reading.all_receivers(session, team_id())
        start = start_of(session, form)
        figures = _figures(session, form, corpora)
    return render_template(
        "training_new.html",
        form=form,
        job=job,
        start=start,
        corpora=[corpus_choice(corpus) for corpus in corpora],
        versions=_version_choices(corpora),
        checkpoints=checkpoint_choices(checkpoints),
        presets=preset_cards(),
        preset=preset_of(form),
        main=main_fields(),
        groups=spec_groups(),
        node=node_group(),
        receivers=receivers,
        numbers=preset_numbers(),
        figures=figures,
    )


def _figures(session: Session, form: Form, corpora: list[Corpus]) -> dict[str, str]:
    """Return what a run would take of what is typed, and of the text that the list shows."""
    if not corpora or form.problems:
        return estimate_words(None)
    shown = {"corpus_id": form.value("corpus_id") or corpora[0].id}
    return estimate_words(estimated(session, Form(TrainingRequest, {**form.typed, **shown})))


def _version_choices(corpora: list[Corpus]) -> list[Choice]:
    """Return the versions of those corpora that have several."""
    return [
        Choice(v.id, _version(v), corpus.name)
        for corpus in corpora
        if len(corpus.versions) > 1
        for v in reversed(corpus.versions)
    ]


def _version(version: CorpusVersion) -> str:
    number = _("version %(number)s", number=version.number)
    return f"{number} · {counted(version.characters, 'character')}"
