"""The form of a training job."""

from apiflask import APIBlueprint
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.checkpoints.queries import get_checkpoint
from shared.corpora.models import Corpus, CorpusVersion
from shared.corpora.queries import get_version
from shared.errors import NotFound
from shared.jobs.requests import TrainingRequest
from shared.jobs.submissions import submit_training
from shared.specs import TrainingSpec
from web.api.writing import write
from web.context import services, team_id
from web.messages import _
from web.pages import reading
from web.pages.forms import Choice, Form, attempt, fields_but, typed_values, validated
from web.pages.presets import DEFAULT_PRESET, preset_choices, preset_numbers, preset_of
from web.pages.submitting import checkpoint_choices, corpus_choice, fresh_once, submitter
from web.pages.words import counted

training = APIBlueprint("training", __name__, url_prefix="/training", enable_openapi=False)

# What most people want to change; every other field of the spec is folded.
MAIN = ("epochs", "max_windows", "units", "window", "learning_rate", "sample_temperature")


@training.get("/new")
def new() -> ResponseReturnValue:
    """Show the form; ``corpus``, ``version``, ``checkpoint`` and ``preset`` fill it in."""
    with services().db.read() as session:
        typed = _asked_for(session)
    return _page(Form(TrainingRequest, typed))


@training.post("/new")
def create() -> ResponseReturnValue:
    """Queue the job, or show the form again with what is wrong."""
    form = Form(TrainingRequest, typed_values())
    done, status = attempt(form, lambda: _submit(form))
    return redirect(done, status) if done else (_page(form), status)


def _submit(form: Form) -> str:
    body = validated(TrainingRequest, form.typed)
    job = write(lambda session: submit_training(session, submitter(form.typed), body))
    return url_for("pages.jobs.show", job_id=job.id)


def _asked_for(session: Session) -> dict[str, str]:
    """Return the fields that the address fills in."""
    typed = {"once": fresh_once(), "preset": request.args.get("preset", DEFAULT_PRESET)}
    if corpus := request.args.get("corpus"):
        typed["corpus_id"] = corpus
    try:
        if version := request.args.get("version"):
            found = get_version(session, team_id(), version)
            typed |= {"corpus_id": found.corpus_id, "corpus_version_id": found.id}
        if checkpoint := request.args.get("checkpoint"):
            typed |= _going_on(session, checkpoint)
    except NotFound:
        pass
    return typed


def _going_on(session: Session, checkpoint_id: str) -> dict[str, str]:
    """Return the fields of a run that goes on from a checkpoint: its text and its shape."""
    row = get_checkpoint(session, team_id(), checkpoint_id)
    version, corpus = reading.version_and_corpus(session, row.corpus_version_id)
    typed = {"from_checkpoint_id": row.id, "corpus_id": corpus.id}
    if version.number != corpus.latest_version.number:
        typed["corpus_version_id"] = version.id
    spec = TrainingSpec.model_validate(row.spec)
    return typed | {
        name: str(getattr(spec, name)) for name in ("cell", "units", "layers", "window")
    }


def _page(form: Form) -> str:
    wanted = form.value("from_checkpoint_id")
    with services().db.read() as session:
        corpora = reading.all_corpora(session, team_id())
        checkpoints = reading.checkpoints_to_choose(session, team_id(), wanted)
        receivers = reading.all_receivers(session, team_id())
    return render_template(
        "training_new.html",
        form=form,
        corpora=[corpus_choice(corpus) for corpus in corpora],
        versions=_version_choices(corpora),
        checkpoints=checkpoint_choices(checkpoints),
        presets=preset_choices(),
        preset=preset_of(form),
        main=MAIN,
        folded=fields_but(TrainingSpec, MAIN),
        receivers=receivers,
        numbers=preset_numbers(),
    )


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
