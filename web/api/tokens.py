"""API tokens: made, listed, revoked. Administrators see and revoke everybody's."""

from typing import Annotated

from apiflask import APIBlueprint
from pydantic import Field
from sqlalchemy.orm import Session

from shared.accounts import models
from shared.accounts.granting import Grantor, grant
from shared.accounts.queries import get_token, list_tokens, user_of_field
from shared.accounts.requests import TokenRequest, UserName
from shared.accounts.rights import Right
from shared.accounts.tokens import revoke_token
from shared.errors import Forbidden
from shared.said import said
from web import context
from web.api.inputs import PageQuery, takes
from web.api.people import NewToken, Token, TokenPage
from web.deeds import do

tokens = APIBlueprint("tokens", __name__, url_prefix="/api/v1/tokens", tag="Accounts")


class TokenQuery(PageQuery):
    """Which page of which tokens."""

    user: Annotated[UserName, Field()] | None = Field(
        None, description="Administrators only: whose, by id or name."
    )


@tokens.post("")
@takes(tokens, TokenRequest)
@tokens.output(NewToken, 201)
def add(body: TokenRequest) -> tuple[NewToken, int, dict[str, str]]:
    """Make a token; its secret is told in this answer alone.

    It can do no more, and work no longer, than the token that makes it. What it may do is the
    smaller one of its scope and of its user's role in the team.
    """
    made, secret = do("tokens.make", lambda session: grant(session, _grantor(session), body),
                      name=body.name, scope=body.scope)  # fmt: skip
    told = NewToken.of(made, secret=secret)
    return told, 201, {"Location": told.links["self"], "Cache-Control": "no-store"}


@tokens.get("")
@takes(tokens, TokenQuery, "query")
@tokens.output(TokenPage)
def index(query: TokenQuery) -> TokenPage:
    """List one's tokens, oldest first, without their secrets.

    With the installation's token: everybody's.
    """
    with context.services().db.read() as session:
        whose = _asked_for(session, query.user)
        return TokenPage.of(list_tokens(session, whose, after=query.after, limit=query.limit))


@tokens.get("/<token_id>")
@tokens.output(Token)
def show(token_id: str) -> Token:
    """Show a token.

    Without its secret, which only the answer to its making told.
    """
    with context.services().db.read() as session:
        return Token.of(get_token(session, _reach(), token_id))


@tokens.delete("/<token_id>")
@tokens.doc(responses={204: "Revoked"})
def revoke(token_id: str) -> tuple[str, int]:
    """Revoke a token: it never works again.

    It stays in the list. Event streams that were opened with it end.
    """

    def work(session: Session) -> models.ApiToken:
        token = get_token(session, _reach(), token_id)
        revoke_token(session, token)
        return token

    do("tokens.revoke", work)
    return "", 204


def _grantor(session: Session) -> Grantor:
    who = context.principal()
    own = get_token(session, who.user_id, who.token_id) if who.token_id else None
    right = who.right or Right.READ
    return Grantor(who.user_id, context.team_id(), right, own.expires_at if own else None)


def _reach() -> str | None:
    """Return whose tokens can be named: one's own, or for administrators everybody's."""
    who = context.principal()
    return None if who.may(Right.ADMIN) else who.user_id


def _asked_for(session: Session, user: str | None) -> str | None:
    who = context.principal()
    if user is None:
        return who.user_id
    if not who.may(Right.ADMIN):
        raise Forbidden(said("only administrators see the tokens of others"))
    return user_of_field(session, user).id
