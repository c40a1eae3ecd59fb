"""Checkpoints: import, show, and download the model, alone or with what belongs to it."""

from apiflask import APIBlueprint
from flask import Response

from shared.checkpoints.queries import get_checkpoint
from shared.jobs.imports import ImportBody, submit_import
from web.api.document import download
from web.api.faults import OF_FILES, refuses
from web.api.imports import check_room, incoming_model
from web.api.inputs import takes
from web.api.schemas import Checkpoint, Job
from web.api.submissions import SubmissionHeaders, submitter
from web.api.writing import write
from web.context import services, team_id
from web.downloads import bundle_zip, model_keras

checkpoints = APIBlueprint(
    "checkpoints", __name__, url_prefix="/api/v1/checkpoints", tag="Checkpoints"
)


@checkpoints.post("")
@takes(checkpoints, SubmissionHeaders, "headers")
@checkpoints.output(Job, 202)
@checkpoints.doc(
    extensions={"x-body": [ImportBody]} | refuses("vocabulary_refused", "idempotency_key_reused")
)
def add(headers: SubmissionHeaders) -> tuple[Job, int, dict[str, str]]:
    """Import a model that was made elsewhere.

    A form with a `file`. A job reads it, which fails where the file is not one that charloom can
    rebuild; else its `links.checkpoints` has the one checkpoint that came of it.
    """
    who = submitter(headers)
    check_room(who)
    uploaded, stored = incoming_model()
    job = Job.of(write(lambda session: submit_import(session, who, uploaded, stored)))
    return job, 202, {"Location": job.links["self"]}


@checkpoints.get("/<checkpoint_id>")
@checkpoints.output(Checkpoint)
def show(checkpoint_id: str) -> Checkpoint:
    """Show a checkpoint.

    A checkpoint is the model after an epoch; losses are nats a character. `best` is the one of its
    job with the lowest validation loss.
    """
    with services().db.read() as session:
        return Checkpoint.of(get_checkpoint(session, team_id(), checkpoint_id))


@checkpoints.get("/<checkpoint_id>/model.keras")
@checkpoints.doc(
    responses=download("application/octet-stream", "A plain Keras file"),
    extensions=refuses(*OF_FILES),
)
def model(checkpoint_id: str) -> Response:
    """Download a checkpoint as a plain .keras file.

    Plain Keras opens it: `keras.saving.load_model`. `Range` and `If-Range` are honoured.
    """
    return model_keras(services(), checkpoint_id)


@checkpoints.get("/<checkpoint_id>/bundle.zip")
@checkpoints.doc(responses=download("application/zip", "A zip file", ranges=False))
def bundle(checkpoint_id: str) -> Response:
    """Download a checkpoint with its vocabulary, spec and receipt.

    A zip file of `model.keras`, `vocabulary.json`, `spec.json` and `receipt.json`: which text the
    model was trained on, by which job, and with which versions. It is made while it is sent.
    """
    return bundle_zip(services(), checkpoint_id)
