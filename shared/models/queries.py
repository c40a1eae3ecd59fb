"""Reading named models, their history, and what was written with them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.errors import NotFound
from shared.jobs.models import Job, Kind, Status
from shared.models.models import Decision, ModelJob, NamedModel
from shared.pages import DEFAULT_LIMIT, Page, page
from shared.said import said


def get_model(session: Session, team_id: str, name: str, *, lock: bool = False) -> NamedModel:
    """Return the team's model of this name, its row locked where asked. Raises ``NotFound``."""
    query = select(NamedModel).where(NamedModel.team_id == team_id, NamedModel.name == name)
    query = query.with_for_update() if lock else query
    model = session.scalar(query, execution_options={"populate_existing": True})
    if model is None:
        raise NotFound(said("no model has the name {name}", name=repr(name)))
    return model


def list_models(
    session: Session, team_id: str, *, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[NamedModel]:
    """Return the team's models, oldest first."""
    query = select(NamedModel).where(NamedModel.team_id == team_id)
    return page(session, query, NamedModel.id, after=after, limit=limit)


def list_decisions(
    session: Session,
    model_id: str,
    *,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
    newest_first: bool = False,
) -> Page[Decision]:
    """Return a model's history, oldest first unless asked otherwise."""
    query = select(Decision).where(Decision.model_id == model_id)
    return page(session, query, Decision.id, after=after, limit=limit, newest_first=newest_first)


def latest_text(session: Session, model: NamedModel) -> Job:
    """Return the newest job that wrote for a model with its promoted checkpoint.

    While that has written nothing yet, the newest that wrote for it at all. Raises ``NotFound``.
    """
    query = (
        select(Job)
        .join(ModelJob, ModelJob.job_id == Job.id)
        .where(
            ModelJob.model_id == model.id,
            Job.kind == Kind.GENERATE,
            Job.status == Status.SUCCEEDED,
        )
        .order_by((Job.checkpoint_id == model.checkpoint_id).desc(), Job.id.desc())
    )
    job = session.scalar(query.limit(1))
    if job is None:
        raise NotFound(
            said("nothing has been written for the model {name} yet", name=repr(model.name))
        )
    return job


def promoted_checkpoint(model: NamedModel) -> str:
    """Return the id of a model's checkpoint. Raises ``NotFound``."""
    if model.checkpoint_id is None:
        raise NotFound(
            said("the model {name} has no promoted checkpoint yet", name=repr(model.name))
        )
    return model.checkpoint_id
