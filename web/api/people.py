"""What the API answers of people, teams and tokens."""

from datetime import datetime
from typing import Any, Literal, Self

from flask import url_for
from pydantic import Field

from shared.accounts import models
from shared.pages import Page
from web.api.schemas import Answer, Listed, row_fields
from web.makers import Maker
from web.principals import Principal

RoleName = Literal["viewer", "member", "manager"]
Scope = Literal["read", "submit", "manage", "admin"]


class Named(Answer):
    """Something by its id and name."""

    id: str
    name: str


class Place(Named):
    """A team that somebody is in."""

    role: RoleName


class Me(Answer):
    """Who asks, and what they may do."""

    user: Maker | None = Field(description="Null: the installation's own token.")
    admin: bool = Field(description="Whether it acts as an administrator.")
    team: Named | None = Field(description="The team that it acts in; null: in none yet.")
    right: Scope | None = Field(description="What may be done there.")
    token: Named | None = Field(description="Null: the installation's own.")

    @classmethod
    def of(cls, who: Principal, team: models.Team | None, token: models.ApiToken | None) -> Self:
        """Return who asks."""
        user = who.user_id and Maker(id=who.user_id, name=who.name)
        return cls(
            user=user or None,
            admin=who.admin,
            team=team and Named.model_validate(team),
            right=who.right,
            token=token and Named.model_validate(token),
        )


class User(Answer):
    """Somebody who signs in."""

    id: str
    name: str
    email: str | None
    admin: bool
    disabled_at: datetime | None
    created_at: datetime
    signed_in_at: datetime | None
    teams: list[Place]
    links: dict[str, str]

    @classmethod
    def of(cls, row: models.User, **more: Any) -> Self:
        """Return a user as it is told."""
        rows = sorted(row.memberships, key=lambda one: one.team.name)
        teams = [Place(id=one.team_id, name=one.team.name, role=one.role) for one in rows]
        links = {"self": url_for("users.show", user_id=row.id)}
        return cls(
            **row_fields(row, cls, "teams", "links", *more), teams=teams, links=links, **more
        )


class SignInLink(Answer):
    """A link by which somebody signs in."""

    url: str = Field(description="Works once. It is told in this answer alone.")
    expires_at: datetime


class NewUser(User):
    """A user with the link by which one signs in first."""

    sign_in: SignInLink


class UserPage(Listed):
    """Users, oldest first."""

    data: list[User]

    @classmethod
    def of(cls, rows: Page[models.User]) -> Self:
        """Return a page of users."""
        return cls(data=[User.of(row) for row in rows.data], has_more=rows.has_more)


class Team(Answer):
    """Who owns corpora, jobs, models and schedules."""

    id: str
    name: str
    created_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, row: models.Team) -> Self:
        """Return a team as it is told."""
        links = {
            "self": url_for("teams.show", team_id=row.id),
            "members": url_for("teams.members", team_id=row.id),
        }
        return cls(**row_fields(row, cls, "links"), links=links)


class TeamPage(Listed):
    """Teams, oldest first."""

    data: list[Team]

    @classmethod
    def of(cls, rows: Page[models.Team]) -> Self:
        """Return a page of teams."""
        return cls(data=[Team.of(row) for row in rows.data], has_more=rows.has_more)


class Member(Answer):
    """Somebody in a team."""

    id: str = Field(description="The user's.")
    name: str
    role: RoleName
    disabled_at: datetime | None
    created_at: datetime = Field(description="Since when.")

    @classmethod
    def of(cls, row: models.Membership) -> Self:
        """Return a member as it is told."""
        user = row_fields(row.user, cls, "role", "created_at")
        return cls(**user, role=row.role, created_at=row.created_at)


class MemberPage(Listed):
    """Members, in the order in which the accounts were made."""

    data: list[Member]

    @classmethod
    def of(cls, rows: Page[models.Membership]) -> Self:
        """Return a page of members."""
        return cls(data=[Member.of(row) for row in rows.data], has_more=rows.has_more)


class Token(Answer):
    """A secret that acts for a user in one team."""

    id: str
    name: str
    scope: Scope
    user: Named
    team: Named
    beginning: str = Field(description="The first characters of the secret.")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    links: dict[str, str]

    @classmethod
    def of(cls, row: models.ApiToken, **more: Any) -> Self:
        """Return a token as it is told."""
        links = {"self": url_for("tokens.show", token_id=row.id)}
        return cls(**row_fields(row, cls, "links", *more), links=links, **more)


class NewToken(Token):
    """A token with its secret, which is told this once."""

    secret: str = Field(description="For `Authorization: Bearer`.")


class TokenPage(Listed):
    """Tokens, oldest first; revoked ones, too."""

    data: list[Token]

    @classmethod
    def of(cls, rows: Page[models.ApiToken]) -> Self:
        """Return a page of tokens."""
        return cls(data=[Token.of(row) for row in rows.data], has_more=rows.has_more)


class AuditEntry(Answer):
    """That somebody did something, or was refused it."""

    id: str
    created_at: datetime
    user_id: str | None = Field(description="Null: nobody, or the installation itself.")
    user_name: str
    token_id: str | None
    team_id: str | None
    action: str
    subject_id: str | None
    outcome: Literal["done", "refused"]
    address: str | None
    details: dict[str, Any]


class AuditPage(Listed):
    """Entries of the audit log, newest first."""

    data: list[AuditEntry]
