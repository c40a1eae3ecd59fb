"""``charloom token``: secrets by which programs act for users."""

from typing import TYPE_CHECKING, Any

import click

from cli.commands.options import ApiGroup, speaks

if TYPE_CHECKING:
    from cli.client import Json
    from cli.commands.session import Session

SCOPES = click.Choice(["read", "submit", "manage", "admin"])


@click.group(cls=ApiGroup)
def token() -> None:
    """Secrets by which programs act for a user in a team. TOKEN is an id."""


@token.command()
@click.argument("name")
@click.option("--scope", type=SCOPES, default="submit", show_default=True,
              help="The most that it may do.")  # fmt: skip
@click.option("--days", "expires_in_days", type=click.IntRange(1, 3650), metavar="DAYS",
              help="When it ends  [default: never]")  # fmt: skip
@click.option("--for", "user", metavar="USER",
              help="Whose it is, for administrators  [default: one's own]")  # fmt: skip
@speaks()
def create(session: "Session", name: str, **fields: Any) -> None:
    """Make a token called NAME, and print its secret, which nobody can be told again.

    It acts in the team of --team, or in the one that this command acts in.
    """
    made = session.client.create_token(name, **fields)
    if session.as_json:
        session.document(made)
        return
    session.note(f"Token {made['id']} acts for {made['user']['name']} in {made['team']['name']}.")
    click.echo(made["secret"])


@token.command("list")
@click.option("--of", "user", metavar="USER", help="Whose, for administrators.")
@speaks()
def list_(session: "Session", user: str | None) -> None:
    """List one's tokens, oldest first; everybody's with the installation's token."""
    from cli.commands.showing import moment

    rows = list(session.client.tokens(user))
    if session.as_json:
        session.document(rows)
        return
    names = ("id", "name", "begins", "user", "team", "scope", "state", "last used")
    session.table(names, ((*_row(r), moment(r["last_used_at"])) for r in rows))


@token.command()
@click.argument("token")
@speaks()
def revoke(session: "Session", token: str) -> None:
    """Make a token of no use, for ever."""
    session.client.revoke_token(token)
    session.done({"revoked": token}, f"Token {token} is revoked.")


def _row(token: "Json") -> tuple[str, ...]:
    from cli.commands.showing import moment

    state = "works" if token["expires_at"] is None else f"until {moment(token['expires_at'])}"
    if token["revoked_at"] is not None:
        state = "revoked"
    names = token["user"]["name"], token["team"]["name"]
    return token["id"], token["name"], token["beginning"], *names, token["scope"], state
