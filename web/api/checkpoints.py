"""Checkpoints: show, and download the model, alone or with what belongs to it."""

from apiflask import APIBlueprint
from flask import Response

from shared.checkpoints.queries import get_checkpoint
from web.api.document import download
from web.api.faults import OF_FILES, refuses
from web.api.schemas import Checkpoint
from web.context import services, team_id
from web.downloads import bundle_zip, model_keras

checkpoints = APIBlueprint(
    "checkpoints", __name__, url_prefix="/api/v1/checkpoints", tag="Checkpoints"
)


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
