"""Users, teams, tokens and the audit log on the command line."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from cli.client import Client
from cli.main import main
from shared.db import Database
from tests.integration.cli.conftest import Charloom
from tests.support.factories import make_team
from tests.support.signing_in import make_user


def rows(charloom: Charloom, *words: str) -> Any:
    """Return what a command prints as JSON."""
    return json.loads(charloom(*words, "--json").stdout)


def test_users(charloom: Charloom) -> None:
    """Added into a team with a link alone on standard output, shown, changed, listed."""
    done = charloom("user", "add", "ada", "--email", "ada@example.org", "--in", "default")
    assert done.stdout.startswith("http://127.0.0.1")
    assert "/sign-in/link?secret=" in done.stdout
    assert done.stdout.count("\n") == 1
    assert "By this link ada signs in, once, until 20" in done.stderr
    again = charloom("user", "link", "ada").stdout
    assert again != done.stdout
    charloom("user", "add", "root", "--admin")
    listed = [line.split()[:4] for line in charloom("user", "list").stdout.splitlines()]
    assert listed[0] == ["NAME", "ADMIN", "DISABLED", "TEAMS"]
    assert [line[:3] for line in listed[1:]] == [["ada", "no", "no"], ["root", "yes", "no"]]
    shown = charloom("user", "show", "ada").stdout
    assert "default (member)" in shown
    assert "links" not in shown
    assert charloom("user", "disable", "ada").stdout == "ada is disabled.\n"
    assert rows(charloom, "user", "show", "ada")["disabled_at"]
    assert "is disabled" in charloom("user", "link", "ada", code=1).stderr
    assert charloom("user", "enable", "ada").stdout == "ada is enabled.\n"
    charloom("user", "edit", "ada", "--admin", "--email", "")
    assert (rows(charloom, "user", "show", "ada")["email"]) is None
    charloom("user", "edit", "ada", code=2)
    assert charloom("user", "sign-out", "ada").stdout == "ada is signed out everywhere.\n"
    assert "no user nobody" in charloom("user", "show", "nobody", code=1).stderr


def test_teams(charloom: Charloom, db: Database) -> None:
    """Added, renamed, with members who are taken in, get roles and are taken out."""
    made = charloom("team", "add", "poets").stdout.strip()
    make_user(db, "ada", None)
    charloom("team", "rename", "poets", "the poets")
    assert f"{made}  the poets" in charloom("team", "list").stdout
    added = charloom("team", "member", "add", "the poets", "ada", "--role", "viewer").stdout
    assert added == "ada is a viewer of the poets.\n"
    charloom("team", "member", "role", made, "ada", "manager")
    (member,) = rows(charloom, "team", "member", "list", "the poets")
    assert (member["name"], member["role"]) == ("ada", "manager")
    assert "manager" in charloom("team", "member", "list", made).stdout
    charloom("team", "member", "remove", "the poets", "ada")
    assert rows(charloom, "team", "member", "list", made) == []
    charloom("team", "member", "role", made, "ada", "king", code=2)
    for name in ("a/b", ".."):
        assert "no team" in charloom("team", "member", "list", name, code=1).stderr
        assert "no member" in charloom("team", "member", "remove", made, name, code=1).stderr


def test_tokens(charloom: Charloom, db: Database, url: str) -> None:
    """The secret alone goes to standard output, and works until the token is revoked."""
    make_user(db, "ada")
    done = charloom("token", "create", "ci", "--for", "ada", "--scope", "read", "--days", "30")
    secret = done.stdout.strip()
    assert done.stdout == f"{secret}\n"
    assert "acts for ada in default" in done.stderr
    with Client(url, secret) as client:
        me = client.me()
    assert (me["user"]["name"], me["right"]) == ("ada", "read")
    (token,) = rows(charloom, "token", "list", "--of", "ada")
    listed = charloom("token", "list").stdout
    assert token["beginning"] in listed
    assert "until 20" in listed
    assert secret not in listed
    charloom("token", "revoke", token["id"])
    assert "revoked" in charloom("token", "list").stdout
    env = {"CHARLOOM_URL": url, "CHARLOOM_TOKEN": secret}
    refused = CliRunner().invoke(main, ["job", "list"], env=env)
    assert (refused.exit_code, "refuses the token of CHARLOOM_TOKEN" in refused.stderr) == (1, True)
    assert "whose is the new one" in charloom("token", "create", "x", code=1).stderr


def test_another_team(charloom: Charloom, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an option before or behind the command, or by the variable."""
    make_team(db, "诗人")
    text = "It was the best of times. " * 60
    charloom("corpus", "add", "theirs", "-", "--team", "诗人", stdin=text.encode())
    assert rows(charloom, "corpus", "list") == []
    assert "theirs" in charloom("--team", "诗人", "corpus", "list").stdout
    monkeypatch.setenv("CHARLOOM_TEAM", "诗人")
    assert "theirs" in charloom("corpus", "list").stdout
    assert "no team nothing" in charloom("job", "list", "--team", "nothing", code=1).stderr
    charloom("job", "list", "--team", "a\nb", code=1)


def test_the_audit_log(charloom: Charloom, db: Database) -> None:
    """What was done, newest first; by team, user, action and outcome."""
    make_team(db, "poets")
    charloom("team", "add", "novelists")
    charloom("team", "add", "essayists", "--team", "poets")
    listed = charloom("audit").stdout.splitlines()
    assert listed[0].split() == ["TIME", "USER", "ACTION", "OUTCOME", "SUBJECT", "ADDRESS"]
    assert len(listed) == 3
    assert "installation  teams.add  done" in listed[1]
    assert len(rows(charloom, "audit", "--of", "poets", "--action", "teams.add")) == 1
    assert rows(charloom, "audit", "--refused") == []
    assert len(rows(charloom, "audit", "--limit", "1")) == 1
    assert "no user nobody" in charloom("audit", "--user", "nobody", code=1).stderr


def test_completion_knows_the_commands(charloom: Charloom) -> None:
    """Of all nouns, with their commands."""
    env = {"_CHARLOOM_COMPLETE": "bash_complete", "COMP_WORDS": "charloom team member ",
           "COMP_CWORD": "3"}  # fmt: skip
    done = CliRunner().invoke(main, [], env=env, prog_name="charloom")
    assert {"plain,add", "plain,role", "plain,remove", "plain,list"} <= set(done.stdout.split())
