"""Who uses the service: real accounts in several teams, with tokens and passwords."""

from dataclasses import dataclass
from enum import StrEnum

from shared.accounts.queries import get_token, get_user
from shared.accounts.rights import Right, Role
from shared.accounts.services import add_user, set_password
from shared.accounts.teams import add_team, set_role
from shared.accounts.tokens import NewToken, make_token, revoke_token
from shared.db import Database

# In each team of ten, in this order.
ROLES = (Role.MANAGER, *7 * [Role.MEMBER], *2 * [Role.VIEWER])


class Way(StrEnum):
    """How somebody comes in."""

    TOKEN = "token"
    SESSION = "session"


# Who of a team uses the pages.
WAYS = (Way.TOKEN, Way.SESSION, *4 * [Way.TOKEN], *2 * [Way.SESSION], Way.TOKEN, Way.SESSION)


@dataclass(frozen=True)
class Person:
    """A user with what lets them in."""

    user_id: str
    name: str
    team_id: str
    role: Role
    way: Way
    token: str
    # Empty for those who only write programs: it takes a while to make a hash.
    password: str


def settle(db: Database, count: int, teams: int) -> list[Person]:
    """Make so many users, shared out among so many teams; return them."""
    with db.write() as session:
        rows = [add_team(session, f"team {number}") for number in range(teams)]
        ids = [row.id for row in rows]
    return [
        _settle(db, f"user{number}", ids[number % teams], number // teams)
        for number in range(count)
    ]


def _settle(db: Database, name: str, team_id: str, place: int) -> Person:
    role, way = ROLES[place % len(ROLES)], WAYS[place % len(WAYS)]
    password = f"{name[::-1]} likes looms" if way == Way.SESSION else ""
    with db.write() as session:
        user = add_user(session, name)
        set_role(session, team_id, user, role)
        if password:
            set_password(session, user, password)
        _, secret = make_token(session, user, NewToken(team_id, "soak", Right.MANAGE))
        return Person(user.id, name, team_id, role, way, secret, password)


def new_token(db: Database, person: Person) -> tuple[str, str]:
    """Return the id and the secret of another token that may read."""
    with db.write() as session:
        user = get_user(session, person.user_id)
        token, secret = make_token(session, user, NewToken(person.team_id, "spare", Right.READ))
        return token.id, secret


def revoke(db: Database, person: Person, token_id: str) -> None:
    """Make one of somebody's tokens of no use."""
    with db.write() as session:
        revoke_token(session, get_token(session, person.user_id, token_id))
