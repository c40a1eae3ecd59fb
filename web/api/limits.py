"""What a team may have, and what it has."""

from typing import Literal

from apiflask import APIBlueprint
from pydantic import Field

from shared.limits.queries import standing
from web import context
from web.api.schemas import Answer, Listed, row_fields

limits = APIBlueprint("limits", __name__, url_prefix="/api/v1/limits", tag="Limits")


class Limit(Answer):
    """A limit of the team."""

    name: Literal["corpora", "corpus_bytes", "queued_jobs", "running_jobs", "output_characters"]
    limit: int
    used: int | None = Field(description="null of `output_characters`, a limit of each job.")
    own: bool = Field(description="Whether it is the team's own, not the installation's.")


class LimitPage(Listed):
    """All limits of the team."""

    data: list[Limit]


@limits.get("")
@limits.output(LimitPage)
def index() -> LimitPage:
    """List what the team may have, and what it has.

    What is over a limit is refused with `quota_exceeded`; of more running jobs than it may have,
    the others wait.
    """
    with context.services().db.read() as session:
        found = standing(session, context.team_id(), context.limits())
    data = [Limit(**row_fields(row, Limit)) for row in found]
    return LimitPage(data=data, has_more=False)
