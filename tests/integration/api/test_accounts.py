"""Users, teams, members, tokens and who asks."""

from typing import Any

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.accounts.queries import get_user
from shared.accounts.rights import Right, Role
from shared.accounts.tokens import NewToken, make_token
from shared.db import Database, now
from shared.ids import new_id
from tests.integration.api.client import Api, field_error, ids, problem
from tests.support.factories import do, make_team
from tests.support.signing_in import make_user

Json = dict[str, Any]


class Caller(Api):
    """Calls the API with a token of its own."""

    def __init__(self, api: Api, secret: str, team: str | None = None):
        super().__init__(api.client)
        self._sent = {"Authorization": f"Bearer {secret}"} | (
            {"Charloom-Team": team} if team else {}
        )

    def _call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> Any:
        return super()._call(method, path, self._sent | (headers or {}), **options)


def caller(api: Api, db: Database, name: str, scope: Right, team: str = DEFAULT_TEAM_ID) -> Caller:
    """Return who calls with a token of a user that there is."""
    new = NewToken(team, "test", scope)
    _, secret = do(db, lambda s: make_token(s, get_user(s, name), new))
    return Caller(api, secret)


@pytest.fixture
def manager(api: Api, db: Database) -> Caller:
    """A manager of the default team."""
    make_user(db, "mia")
    return caller(api, db, "mia", Right.MANAGE)


def test_who_asks(api: Api, db: Database) -> None:
    """The installation itself; a user in a team, with what is the least; a user in none."""
    told = api.get("/me").get_json()
    assert (told["user"], told["admin"], told["right"], told["token"]) == (
        None,
        True,
        "admin",
        None,
    )
    assert told["team"] == {"id": DEFAULT_TEAM_ID, "name": "default"}
    ada = make_user(db, "ada", Role.VIEWER)
    told = caller(api, db, "ada", Right.MANAGE).get("/me").get_json()
    assert told["user"] == {"id": ada.id, "name": "ada"}
    assert (told["admin"], told["right"], told["token"]["name"]) == (False, "read", "test")
    make_user(db, "bob", None)
    nowhere = caller(api, db, "bob", Right.MANAGE)
    told = nowhere.get("/me").get_json()
    assert (told["team"], told["right"]) == (None, None)
    assert "no team yet" in problem(nowhere.get("/jobs"), 403, "forbidden")["detail"]


def test_a_users_life(api: Api, db: Database) -> None:
    """Added with a link, shown by name, given another link, disabled and enabled, listed."""
    answer = api.post("/users", {"name": "Ada", "email": "ada@example.org"})
    made = answer.get_json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert (made["name"], made["admin"], made["teams"]) == ("ada", False, [])
    first = made.pop("sign_in")
    assert first["url"].startswith("http://localhost/sign-in/link?secret=")
    assert api.get("/users/ada").get_json() == made == api.get(f"/users/{made['id']}").get_json()
    second = api.post(f"/users/{made['id']}/link").get_json()
    assert second["url"] != first["url"]
    assert api.patch("/users/ada", {"disabled": True}).get_json()["disabled_at"]
    problem(api.post("/users/ada/link"), 409, "account_disabled")
    assert api.patch("/users/ada", {"disabled": False}).get_json()["disabled_at"] is None
    assert api.patch("/users/ada", {"email": None}).get_json()["email"] is None
    assert api.patch("/users/ada", {}).get_json()["email"] is None
    with db.read() as session:
        key = get_user(session, "ada").session_key
    assert api.post("/users/ada/sign-out").status_code == 204
    with db.read() as session:
        assert get_user(session, "ada").session_key != key
    other = api.post("/users", {"name": "bob", "admin": True}).get_json()
    assert ids(api.get("/users")) == [made["id"], other["id"]]
    assert ids(api.get(f"/users?after={made['id']}&limit=1")) == [other["id"]]


def test_links_lead_to_the_public_address(make_api: Any) -> None:
    """Where people reach the pages, whoever asked by which name."""
    api = make_api(public_url="https://charloom.example.org/")
    url = api.post("/users", {"name": "ada"}).get_json()["sign_in"]["url"]
    assert url.startswith("https://charloom.example.org/sign-in/link?secret=")


BAD_USERS: list[tuple[Json, str]] = [
    ({}, "name"), ({"name": "a b"}, "name"), ({"name": ""}, "name"), ({"name": "a\0"}, "name"),
    ({"name": "ada", "email": "nobody"}, "email"), ({"name": "ada", "admin": "yes"}, "admin"),
    ({"name": "ada", "password": "secret"}, "password"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field"), BAD_USERS)
def test_a_user_that_is_refused(api: Api, body: Json, field: str) -> None:
    field_error(api.post("/users", body), field)
    assert ids(api.get("/users")) == []


def test_names_are_taken_once(api: Api) -> None:
    assert api.post("/users", {"name": "ada"}).status_code == 201
    problem(api.post("/users", {"name": "ADA"}), 409, "taken")
    team = api.post("/teams", {"name": "poets"}).get_json()
    problem(api.post("/teams", {"name": "poets"}), 409, "taken")
    problem(api.patch(f"/teams/{team['id']}", {"name": "default"}), 409, "taken")


def test_the_last_administrator_stays(api: Api) -> None:
    api.post("/users", {"name": "ada", "admin": True})
    problem(api.patch("/users/ada", {"admin": False}), 409, "last_administrator")
    problem(api.patch("/users/ada", {"disabled": True}), 409, "last_administrator")
    assert api.get("/users/ada").get_json()["admin"]


def test_a_teams_life(api: Api) -> None:
    """Added, renamed, with members who get roles and are taken out; by ids and by names."""
    answer = api.post("/teams", {"name": "诗人"})
    team = answer.get_json()
    assert answer.headers["Location"] == team["links"]["self"]
    assert ids(api.get("/teams")) == [DEFAULT_TEAM_ID, team["id"]]
    assert api.patch(f"/teams/{team['id']}", {"name": "poets"}).get_json()["name"] == "poets"
    user = api.post("/users", {"name": "ada"}).get_json()
    for role in ("member", "viewer"):
        put = api.put("/teams/poets/members/ada", {"role": role})
        assert (put.status_code, put.get_json()["role"]) == (200, role)
    (member,) = api.get("/teams/poets/members").get_json()["data"]
    assert (member["id"], member["name"], member["role"]) == (user["id"], "ada", "viewer")
    assert api.get("/users/ada").get_json()["teams"] == [
        {"id": team["id"], "name": "poets", "role": "viewer"}
    ]
    path = f"/teams/{team['id']}/members/{user['id']}"
    assert api.delete(path).status_code == 204
    problem(api.delete(path), 404, "not_found")
    problem(api.get("/teams/nothing"), 404, "not_found")


def test_an_administrator_acts_in_a_team_by_its_name(api: Api, db: Database) -> None:
    """Also by one that is no ASCII, sent as UTF-8."""
    team = make_team(db, "诗人")
    for named in (team, "诗人".encode().decode("latin-1")):
        told = Caller(api, "test-token", named).get("/me").get_json()
        assert told["team"] == {"id": team, "name": "诗人"}
    problem(Caller(api, "test-token", "nothing").get("/me"), 404, "not_found")


def test_managers_have_their_own_team_alone(api: Api, db: Database, manager: Caller) -> None:
    """They see and change its members. Of other teams they learn nothing, of users no list."""
    other = make_team(db)
    make_user(db, "ada", None)
    put = {"role": "member"}
    assert manager.put("/teams/default/members/ada", put).status_code == 200
    assert manager.delete("/teams/default/members/ada").status_code == 204
    assert ids(manager.get("/teams")) == [DEFAULT_TEAM_ID]
    assert ids(manager.get(f"/teams?after={DEFAULT_TEAM_ID}")) == []
    for path in (f"/teams/{other}", "/teams/the others", f"/teams/{other}/members"):
        problem(manager.get(path), 404, "not_found")
    problem(manager.put(f"/teams/{other}/members/ada", put), 404, "not_found")
    problem(manager.delete(f"/teams/{other}/members/ada"), 404, "not_found")
    problem(Caller(api, manager._sent["Authorization"][7:], other).get("/me"), 404, "not_found")
    for refused in (manager.get("/users"), manager.get("/users/ada"), manager.post("/teams", {}),
                    manager.post("/users", {"name": "eve"}), manager.post("/users/ada/link"),
                    manager.patch("/users/mia", {"admin": True}),
                    manager.patch("/teams/default", {"name": "x"})):  # fmt: skip
        problem(refused, 403, "forbidden")


def test_a_members_hands_are_bound(api: Api, db: Database) -> None:
    """A member sees who is there, and changes nothing; nor with a token of a larger scope."""
    make_user(db, "ada", Role.MEMBER)
    member = caller(api, db, "ada", Right.ADMIN)
    assert [row["name"] for row in member.get("/teams/default/members").get_json()["data"]] == [
        "ada"
    ]
    put = member.put("/teams/default/members/ada", {"role": "manager"})
    problem(put, 403, "forbidden")
    problem(member.get("/audit"), 403, "forbidden")


def test_a_tokens_life(api: Api, db: Database, manager: Caller) -> None:
    """Its secret is told once and works; it is listed to its user; revoked, it is of no use."""
    answer = manager.post("/tokens", {"name": "ci", "scope": "submit", "expires_in_days": 7})
    made = answer.get_json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    secret = made.pop("secret")
    assert (made["user"]["name"], made["team"]["name"]) == ("mia", "default")
    new = Caller(api, secret)
    assert new.get("/me").get_json()["right"] == "submit"
    shown = manager.get(f"/tokens/{made['id']}")
    assert secret not in shown.text
    assert shown.get_json() | {"last_used_at": None} == made
    assert shown.get_json()["last_used_at"]
    assert made["id"] in ids(manager.get("/tokens"))
    assert new.delete(f"/tokens/{made['id']}").status_code == 204
    problem(new.get("/me"), 401, "unauthorized")
    assert manager.get(f"/tokens/{made['id']}").get_json()["revoked_at"]


def test_a_token_makes_none_that_can_do_more(api: Api, db: Database, manager: Caller) -> None:
    """Not a greater scope, not a longer life, not another team, not another user."""
    make_user(db, "ada")
    other = make_team(db)
    asked: list[tuple[Json, str]] = [
        ({"scope": "admin"}, "scope"), ({"scope": "all"}, "scope"), ({"team": other}, "team"),
        ({"team": "the others"}, "team"), ({"team": "nothing"}, "team"), ({"name": ""}, "name"),
        ({"expires_in_days": 0}, "expires_in_days"), ({"expires_in_days": 9999}, "expires_in_days"),
        ({"secret": "mine"}, "secret"),
    ]  # fmt: skip
    for body, field in asked:
        field_error(manager.post("/tokens", {"name": "x", "scope": "read"} | body), field)
    problem(manager.post("/tokens", {"name": "x", "user": "ada"}), 403, "forbidden")
    problem(manager.get("/tokens?user=ada"), 403, "forbidden")
    short = manager.post("/tokens", {"name": "x", "scope": "submit", "expires_in_days": 2})
    brief = Caller(api, short.get_json()["secret"])
    field_error(brief.post("/tokens", {"name": "y", "scope": "manage"}), "scope")
    field_error(brief.post("/tokens", {"name": "y", "expires_in_days": 3}), "expires_in_days")
    heir = brief.post("/tokens", {"name": "y"}).get_json()
    assert heir["expires_at"] == short.get_json()["expires_at"]
    reader = Caller(
        api, manager.post("/tokens", {"name": "r", "scope": "read"}).get_json()["secret"]
    )
    problem(reader.post("/tokens", {"name": "z", "scope": "read"}), 403, "forbidden")


def test_others_tokens_are_not_there(api: Api, db: Database, manager: Caller) -> None:
    """But for administrators, who see and revoke everybody's."""
    make_user(db, "ada")
    ada = caller(api, db, "ada", Right.SUBMIT)
    (token,) = ids(ada.get("/tokens"))
    problem(manager.get(f"/tokens/{token}"), 404, "not_found")
    problem(manager.delete(f"/tokens/{token}"), 404, "not_found")
    problem(manager.delete(f"/tokens/{new_id()}"), 404, "not_found")
    assert ids(api.get("/tokens?user=ada")) == [token]
    assert len(ids(api.get("/tokens"))) == 2
    assert api.delete(f"/tokens/{token}").status_code == 204
    problem(ada.get("/me"), 401, "unauthorized")


def test_the_installation_makes_tokens_for_users(api: Api, db: Database) -> None:
    """It has none itself, and so must name whose; the user must be in the team."""
    make_user(db, "ada", Role.MEMBER)
    field_error(api.post("/tokens", {"name": "x"}), "user")
    field_error(api.post("/tokens", {"name": "x", "user": "nobody"}), "user")
    other = make_team(db)
    field_error(api.post("/tokens", {"name": "x", "user": "ada", "team": other}), "team")
    made = api.post("/tokens", {"name": "x", "user": "ada", "scope": "admin"}).get_json()
    assert Caller(api, made["secret"]).get("/me").get_json()["right"] == "submit"


def test_what_somebody_made_tells_who(api: Api, db: Database, manager: Caller) -> None:
    """Texts, jobs and schedules, each by itself and in lists; null for the installation's."""
    text = "It was the best of times, it was the worst of times.\n" * 40
    corpus = manager.post("/corpora", {"name": "mine", "text": text}).get_json()
    body = {"corpus_id": corpus["id"], "preset": "tiny"}
    job = manager.post("/training-jobs", body).get_json()
    schedule = manager.post("/schedules", {"name": "s", "cron": "hourly", "model": "m",
        "corpus_id": corpus["id"], "training": {"preset": "tiny"}}).get_json()  # fmt: skip
    mia = {"id": corpus["created_by"]["id"], "name": "mia"}
    for made, noun in ((corpus, "corpora"), (job, "jobs"), (schedule, "schedules")):
        assert made["created_by"] == mia, noun
        assert api.get(f"/{noun}/{made['id']}").get_json()["created_by"] == mia
        assert [r["created_by"] for r in api.get(f"/{noun}").get_json()["data"]] == [mia]
    assert api.post("/training-jobs", body).get_json()["created_by"] is None


def test_a_use_is_shown(api: Api, db: Database, manager: Caller) -> None:
    """When a token was used last, to the minute."""
    manager.get("/me")
    (token,) = manager.get("/tokens").get_json()["data"]
    assert token["last_used_at"][:13] == now().isoformat()[:13]
