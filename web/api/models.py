"""Named models: their promoted checkpoint, their history, and what is stable about them."""

from typing import Annotated

from apiflask import APIBlueprint
from flask import Response
from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from shared.checkpoints.queries import get_checkpoint
from shared.errors import InvalidFields, NotFound
from shared.fields import Reference, Spec, Text
from shared.models import models as rows
from shared.models import services
from shared.models.queries import (
    get_model,
    latest_text,
    list_decisions,
    list_models,
    promoted_checkpoint,
)
from web import context, downloads
from web.api.document import download
from web.api.faults import OF_FILES, refuses
from web.api.inputs import PageQuery, takes, without_defaults
from web.api.retraining import DecisionPage, Model, ModelPage
from web.api.writing import write

models = APIBlueprint("models", __name__, url_prefix="/api/v1/models", tag="Models")

Reason = Annotated[Text, Field(min_length=1, max_length=1000)]


class Promotion(Spec):
    """What is promoted by hand, and why."""

    checkpoint_id: Reference = Field(description="The checkpoint that becomes the model's.")
    reason: Reason = Field("by hand", description="What the history says of it.")


class Rollback(Spec):
    """Why a model is rolled back."""

    reason: Reason = Field("by hand", description="What the history says of it.")


class Policy(Spec):
    """What a candidate must do to be promoted; what is left out stays."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    margin: float = Field(
        0, ge=0, le=10, description="It must be better by more bits a character than this."
    )
    most_copied: float = Field(
        services.MOST_COPIED,
        ge=0,
        le=1,
        description="The largest share of what it writes that may be copied from its text, in "
        "stretches of over 40 characters.",
    )


@models.get("")
@takes(models, PageQuery, "query")
@models.output(ModelPage)
def index(query: PageQuery) -> ModelPage:
    """List the models, oldest first.

    A model is a name with a promoted checkpoint, which schedules keep up to date.
    """
    with context.services().db.read() as session:
        found = list_models(session, context.team_id(), after=query.after, limit=query.limit)
        return ModelPage.of(found)


@models.get("/<name>")
@models.output(Model)
def show(name: str) -> Model:
    """Show a model.

    With the checkpoint that is promoted now, and what a candidate must do to take its place.
    """
    with context.services().db.read() as session:
        return Model.of(get_model(session, context.team_id(), name))


@models.patch("/<name>")
@takes(models, Policy)
@models.output(Model)
def change(name: str, body: Policy) -> Model:
    """Change what a candidate must do to be promoted.

    It holds for the candidates that are judged from now on.
    """

    def work(session: Session) -> Model:
        model = _mine(session, name)
        for field in body.model_fields_set:
            setattr(model, field, getattr(body, field))
        return Model.of(model)

    return write(work)


@models.get("/<name>/history")
@takes(models, PageQuery, "query")
@models.output(DecisionPage)
def history(name: str, query: PageQuery) -> DecisionPage:
    """List what was decided about a model's checkpoints, oldest first.

    Promotions, candidates that were not promoted, and rollbacks, each with its reason and figures.
    """
    with context.services().db.read() as session:
        model = get_model(session, context.team_id(), name)
        found = list_decisions(session, model.id, after=query.after, limit=query.limit)
        return DecisionPage.model_validate(found)


@models.post("/<name>/promote")
@takes(models, Promotion)
@models.output(Model)
def promote(name: str, body: Promotion) -> Model:
    """Make a checkpoint the model's, whatever was judged; a new name makes a new model.

    The history notes it as done by hand, with the reason that is given.
    """

    def work(session: Session) -> Model:
        try:
            checkpoint = get_checkpoint(session, context.team_id(), body.checkpoint_id)
        except NotFound as error:
            raise InvalidFields.one(
                "checkpoint_id", error.args[0], body.checkpoint_id, "the id of a checkpoint"
            ) from error
        services.ensure_model(session, context.team_id(), name)
        model = _mine(session, name)
        services.promote(session, model, checkpoint, body.reason)
        return Model.of(model)

    return write(work)


@models.post("/<name>/rollback")
@takes(models, Rollback)
@models.output(Model)
@models.doc(extensions=refuses("move_refused"))
def rollback(name: str, body: Rollback) -> Model:
    """Make the checkpoint the model's again that was promoted before.

    Where there is none, it is refused: `move_refused`.
    """

    def work(session: Session) -> Model:
        model = _mine(session, name)
        services.roll_back(session, model, body.reason)
        return Model.of(model)

    return write(work)


@models.get("/<name>/latest/output.txt")
@models.doc(responses=download("text/plain", "The text"), extensions=refuses(*OF_FILES))
def output_txt(name: str) -> Response:
    """Download what was written last with the promoted checkpoint.

    The address stays while what it gives is renewed. Where nothing has been written with the
    promoted checkpoint yet, it is what was written with one before. `Range` and `If-Range` are
    honoured.
    """
    with context.services().db.read() as session:
        job = latest_text(session, get_model(session, context.team_id(), name))
    return downloads.output_txt(context.services(), job.id)


@models.get("/<name>/latest/model.keras")
@models.doc(
    responses=download("application/octet-stream", "A plain Keras file"),
    extensions=refuses(*OF_FILES),
)
def model_keras(name: str) -> Response:
    """Download the promoted checkpoint as a plain .keras file.

    The address stays while what it gives is renewed: its `ETag` tells. `Range` and `If-Range` are
    honoured.
    """
    with context.services().db.read() as session:
        checkpoint_id = promoted_checkpoint(get_model(session, context.team_id(), name))
    return downloads.model_keras(context.services(), checkpoint_id)


def _mine(session: Session, name: str) -> rows.NamedModel:
    """Return the team's model, its row locked. Raises ``NotFound``."""
    return get_model(session, context.team_id(), name, lock=True)
