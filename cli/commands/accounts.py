"""``charloom user``, ``team`` and ``audit``: who is there, and what they did."""

from typing import TYPE_CHECKING

import click

from cli.commands.options import ApiCommand, ApiGroup, speaks

if TYPE_CHECKING:
    from cli.client import Json
    from cli.commands.session import Session

ROLES = click.Choice(["viewer", "member", "manager"])
role_option = click.option("--role", type=ROLES, default="member", show_default=True,
                           help="What the user is there.")  # fmt: skip
admin_option = click.option("--admin", is_flag=True, help="As an administrator.")


@click.group(cls=ApiGroup)
def user() -> None:
    """Who signs in. USER is an id or a name."""


@user.command("list")
@speaks()
def list_(session: "Session") -> None:
    """List the users, oldest first."""
    from cli.commands.showing import moment

    rows = list(session.client.users())
    if session.as_json:
        session.document(rows)
        return
    names = ("name", "admin", "disabled", "teams", "signed in", "id")
    session.table(names, (
        (r["name"], r["admin"], r["disabled_at"] is not None, _teams(r), moment(r["signed_in_at"]),
         r["id"]) for r in rows
    ))  # fmt: skip


@user.command()
@click.argument("user")
@speaks()
def show(session: "Session", user: str) -> None:
    """Show a user."""
    from cli.commands.showing import moment

    found = session.client.user(user)
    if session.as_json:
        session.document(found)
        return
    times = {name: moment(found[name]) for name in found if name.endswith("_at") and found[name]}
    shown = {name: value for name, value in found.items() if name != "links"}
    session.card(shown | {"teams": _teams(found)} | times)


@user.command()
@click.argument("name")
@click.option("--email", metavar="ADDRESS", help="Where the person is written to.")
@click.option("--in", "team", metavar="TEAM", help="Take the user into this team.")
@role_option
@admin_option
@speaks()
def add(
    session: "Session", name: str, email: str | None, team: str | None, role: str, admin: bool
) -> None:
    """Add a user called NAME, and print the link by which the person signs in first."""
    made = session.client.add_user(name, email=email, admin=admin)
    if team is not None:
        session.client.put_member(team, made["id"], role)
    _link(session, made, made["name"], made["sign_in"])


@user.command()
@click.argument("user")
@speaks()
def link(session: "Session", user: str) -> None:
    """Print a new link by which a user signs in once, as who forgot the password."""
    made = session.client.link_user(user)
    _link(session, made, user, made)


@user.command()
@click.argument("user")
@speaks()
def disable(session: "Session", user: str) -> None:
    """Keep a user out: neither password, link nor token works until `user enable`."""
    changed = session.client.change_user(user, disabled=True)
    session.done(changed, f"{changed['name']} is disabled.")


@user.command()
@click.argument("user")
@speaks()
def enable(session: "Session", user: str) -> None:
    """Let a disabled user in again."""
    changed = session.client.change_user(user, disabled=False)
    session.done(changed, f"{changed['name']} is enabled.")


@user.command()
@click.argument("user")
@click.option("--admin/--no-admin", default=None, help="Whether it is an administrator.")
@click.option("--email", metavar="ADDRESS", help='Where the person is written to; "": nowhere.')
@speaks()
def edit(session: "Session", user: str, admin: bool | None, email: str | None) -> None:
    """Change a user; what is left out stays as it is."""
    from cli.client.base import given

    changes = given({"admin": admin, "email": email})
    if not changes:
        raise click.UsageError("nothing is to be changed: give --admin, --no-admin or --email")
    if email == "":
        changes["email"] = None
    changed = session.client.change_user(user, **changes)
    session.done(changed, f"{changed['name']} is changed.")


@user.command("sign-out")
@click.argument("user")
@speaks()
def sign_out(session: "Session", user: str) -> None:
    """End all sessions of a user; tokens go on to work."""
    session.client.sign_out_user(user)
    session.done({"signed_out": user}, f"{user} is signed out everywhere.")


@click.command(cls=ApiCommand)
@click.option("--of", "team", metavar="TEAM", help="Only what was done in this team.")
@click.option("--user", metavar="USER", help="Only what this user did.")
@click.option("--action", metavar="ACTION", help="Only this, as jobs.cancel.")
@click.option("--refused", is_flag=True, help="Only what was refused.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True,
              help="At most so many, the newest.")  # fmt: skip
@speaks()
def audit(
    session: "Session",
    team: str | None,
    user: str | None,
    action: str | None,
    refused: bool,
    limit: int,
) -> None:
    """List what was done, newest first: who did it, from where, and what it was done to."""
    from cli.commands.showing import moment

    outcome = "refused" if refused else None
    which = {"team": team, "user": user, "action": action, "outcome": outcome}
    rows = list(session.client.audit(limit, **which))
    if session.as_json:
        session.document(rows)
        return
    names = ("time", "user", "action", "outcome", "subject", "address")
    fields = ("user_name", "action", "outcome", "subject_id", "address")
    session.table(names, ((moment(r["created_at"]), *(r[f] for f in fields)) for r in rows))


def _link(session: "Session", made: "Json", name: str, told: "Json") -> None:
    """Print a link: alone in a pipe, with what it does on a terminal."""
    from cli.commands.showing import moment

    if session.as_json:
        session.document(made)
        return
    session.note(f"By this link {name} signs in, once, until {moment(told['expires_at'])}:")
    click.echo(told["url"])


def _teams(user: "Json") -> list[str]:
    return [f"{team['name']} ({team['role']})" for team in user["teams"]]
