"""Downloads of models."""

from apiflask import APIBlueprint
from flask import Response

from web import downloads
from web.context import services

checkpoints = APIBlueprint("checkpoints", __name__, url_prefix="/checkpoints", enable_openapi=False)


@checkpoints.get("/<checkpoint_id>/model.keras")
def model(checkpoint_id: str) -> Response:
    """Send a checkpoint's ``.keras`` file."""
    return downloads.model_keras(services(), checkpoint_id)


@checkpoints.get("/<checkpoint_id>/bundle.zip")
def bundle(checkpoint_id: str) -> Response:
    """Send a checkpoint with all that belongs to it."""
    return downloads.bundle_zip(services(), checkpoint_id)
