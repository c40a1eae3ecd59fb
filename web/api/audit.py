"""The audit log: who did what, and who was refused it."""

from typing import Annotated, Literal

from apiflask import APIBlueprint
from pydantic import Field

from shared.accounts.queries import list_entries, team_of_field, user_of_field
from shared.accounts.requests import UserName
from shared.accounts.rights import Right
from shared.fields import Name, Text
from web import context
from web.api.inputs import PageQuery, takes
from web.api.people import AuditEntry, AuditPage

audit = APIBlueprint("audit", __name__, url_prefix="/api/v1/audit", tag="Accounts")


class AuditQuery(PageQuery):
    """Which page of which entries."""

    team: Annotated[Name, Field()] | None = Field(
        None, description="By id or name; administrators may name any, and see all without."
    )
    user: Annotated[UserName, Field()] | None = Field(None, description="By id or name.")
    action: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        None, description="What was done, as `jobs.cancel`."
    )
    outcome: Literal["done", "refused"] | None = Field(None, description="What came of it.")


@audit.get("")
@takes(audit, AuditQuery, "query")
@audit.output(AuditPage)
def index(query: AuditQuery) -> AuditPage:
    """List what was done, newest first.

    Administrators see all, managers what was done in their team.
    """
    with context.services().db.read() as session:
        # Without a team administrators see all that was done.
        only = None if context.principal().may(Right.ADMIN) else context.team_id()
        user = user_of_field(session, query.user).id if query.user else None
        team = team_of_field(session, query.team, only).id if query.team else only
        found = list_entries(
            session,
            team_id=team,
            user_id=user,
            action=query.action,
            outcome=query.outcome,
            after=query.after,
            limit=query.limit,
        )
        data = [AuditEntry.model_validate(row) for row in found.data]
        return AuditPage(data=data, has_more=found.has_more)
