"""Users, teams, tokens, and the audit log."""

from collections.abc import Iterator
from typing import Any

from cli.client.base import Nouns, at, checked, given, sent
from cli.client.connection import Json
from shared.accounts.requests import (
    RoleRequest,
    TeamRequest,
    TokenRequest,
    UserChange,
    UserRequest,
)


class Accounts(Nouns):
    """The users, teams and tokens of an installation. Users and teams go by id or by name."""

    def me(self) -> Json:
        """Return who asks, in which team, and what they may do there."""
        return self.get("/me")

    def users(self) -> Iterator[Json]:
        """Yield the users, oldest first."""
        return self.listed("/users")

    def user(self, named: str) -> Json:
        """Return a user."""
        return self.get(at("users", named))

    def add_user(self, name: str, **fields: Any) -> Json:
        """Add a user; the answer has a link to sign in by. Raises ``InvalidFields``."""
        return self.post("/users", sent(checked(UserRequest, {"name": name} | fields)))

    def change_user(self, named: str, **fields: Any) -> Json:
        """Change a user: ``admin=``, ``disabled=``, ``email=``. Raises ``InvalidFields``."""
        return self.patch(at("users", named), sent(checked(UserChange, fields)))

    def link_user(self, named: str) -> Json:
        """Return a new link by which a user signs in once."""
        return self.post(at("users", named, "link"))

    def sign_out_user(self, named: str) -> None:
        """End all sessions of a user."""
        self.post(at("users", named, "sign-out"))

    def teams(self) -> Iterator[Json]:
        """Yield the teams, oldest first."""
        return self.listed("/teams")

    def team(self, named: str) -> Json:
        """Return a team."""
        return self.get(at("teams", named))

    def add_team(self, name: str) -> Json:
        """Add a team. Raises ``InvalidFields``."""
        return self.post("/teams", sent(checked(TeamRequest, {"name": name})))

    def rename_team(self, named: str, name: str) -> Json:
        """Give a team another name. Raises ``InvalidFields``."""
        return self.patch(at("teams", named), sent(checked(TeamRequest, {"name": name})))

    def members(self, team: str) -> Iterator[Json]:
        """Yield a team's members."""
        return self.listed(at("teams", team, "members"))

    def put_member(self, team: str, user: str, role: str = "member") -> Json:
        """Take somebody into a team, or give another role. Raises ``InvalidFields``."""
        path = at("teams", team, *at("members", user).split("/")[1:])
        return self._connection.json("PUT", path, json=sent(checked(RoleRequest, {"role": role})))

    def remove_member(self, team: str, user: str) -> None:
        """Take somebody out of a team."""
        self.delete(at("teams", team, *at("members", user).split("/")[1:]))

    def tokens(self, user: str | None = None) -> Iterator[Json]:
        """Yield one's own tokens; of another user's an administrator's."""
        return self.listed("/tokens", user=user)

    def create_token(self, name: str, **fields: Any) -> Json:
        """Make a token; the answer alone has its secret. Raises ``InvalidFields``."""
        body = checked(TokenRequest, {"name": name} | given(fields))
        return self.post("/tokens", sent(body))

    def revoke_token(self, token_id: str) -> None:
        """Make a token of no use, for ever."""
        self.delete(at("tokens", token_id))

    def audit(self, limit: int | None = None, **which: str | None) -> Iterator[Json]:
        """Yield what the audit log tells, newest first: ``team=``, ``user=``, ``action=``,
        ``outcome=``."""
        return self.listed("/audit", limit, **which)
