"""``charloom team``: who owns things, and who is in it."""

from typing import TYPE_CHECKING

import click

from cli.commands.accounts import ROLES, role_option
from cli.commands.options import ApiGroup, speaks

if TYPE_CHECKING:
    from cli.commands.session import Session


@click.group(cls=ApiGroup)
def team() -> None:
    """Who owns texts, jobs, models and schedules. TEAM and USER are ids or names."""


@team.command("list")
@speaks()
def list_(session: "Session") -> None:
    """List the teams, oldest first."""
    from cli.commands.showing import moment

    rows = list(session.client.teams())
    if session.as_json:
        session.document(rows)
    else:
        table = ((r["id"], r["name"], moment(r["created_at"])) for r in rows)
        session.table(("id", "name", "created"), table)


@team.command()
@click.argument("name")
@speaks()
def add(session: "Session", name: str) -> None:
    """Add a team called NAME."""
    made = session.client.add_team(name)
    session.made(made, f"Team {made['id']}: {made['name']}.")


@team.command()
@click.argument("team")
@click.argument("name")
@speaks()
def rename(session: "Session", team: str, name: str) -> None:
    """Give a team another name."""
    changed = session.client.rename_team(team, name)
    session.done(changed, f"Team {changed['id']} is called {changed['name']}.")


@team.group()
def member() -> None:
    """Who is in a team, and as what."""


@member.command("list")
@click.argument("team")
@speaks()
def list_members(session: "Session", team: str) -> None:
    """List who is in a team."""
    from cli.commands.showing import moment

    rows = list(session.client.members(team))
    if session.as_json:
        session.document(rows)
        return
    table = ((r["name"], r["role"], r["disabled_at"] is not None, moment(r["created_at"]), r["id"])
             for r in rows)  # fmt: skip
    session.table(("name", "role", "disabled", "since", "id"), table)


@member.command("add")
@click.argument("team")
@click.argument("user")
@role_option
@speaks()
def add_member(session: "Session", team: str, user: str, role: str) -> None:
    """Take somebody into a team."""
    made = session.client.put_member(team, user, role)
    session.done(made, f"{made['name']} is a {made['role']} of {team}.")


@member.command()
@click.argument("team")
@click.argument("user")
@click.argument("role", type=ROLES)
@speaks()
def role(session: "Session", team: str, user: str, role: str) -> None:
    """Make a member something else: viewer, member or manager."""
    made = session.client.put_member(team, user, role)
    session.done(made, f"{made['name']} is a {made['role']} of {team}.")


@member.command()
@click.argument("team")
@click.argument("user")
@speaks()
def remove(session: "Session", team: str, user: str) -> None:
    """Take somebody out of a team; what they made stays the team's."""
    session.client.remove_member(team, user)
    session.done({"removed": user}, f"{user} is no longer in {team}.")
