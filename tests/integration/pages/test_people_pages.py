"""Teams and users: what managers and administrators do, and what everybody else sees."""

import re

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.accounts.queries import get_team, get_user, list_entries, list_members
from shared.accounts.rights import Right, Role
from shared.accounts.tokens import NewToken, make_token
from shared.db import Database
from shared.ids import new_id
from shared.notices.services import add_receiver
from tests.integration.pages.conftest import MakeSite
from tests.integration.pages.site import Site
from tests.support.factories import do, make_team, make_training_job
from tests.support.full import fill
from tests.support.signing_in import VISITOR, make_user, sign_in

SECRET = re.compile(r'id="secret">([^<]+)<')


@pytest.fixture
def boss(make_site: MakeSite, db: Database) -> Site:
    """An administrator."""
    make_user(db, VISITOR, admin=True)
    return make_site()


def roles(db: Database, team_id: str = DEFAULT_TEAM_ID) -> dict[str, str]:
    """Return the roles in a team by name."""
    return {row.user.name: row.role for row in do(db, lambda s: list_members(s, team_id))}


def test_a_manager_runs_the_team(site: Site, db: Database) -> None:
    """Adds a user by name, changes the role, removes; the log tells of it."""
    grace = make_user(db, "grace", None)
    assert site.submit("/team/members", "/team", name=" Grace ", role="viewer").status == 303
    assert roles(db) == {"ada": "manager", "grace": "viewer"}
    own = f"/team/members/{grace.id}"
    assert site.submit(f"{own}/role", "/team", role="manager").status == 303
    assert roles(db)["grace"] == "manager"
    assert site.submit(f"{own}/remove", "/team").status == 303
    assert roles(db) == {"ada": "manager"}
    assert site.submit(f"{own}/remove", "/team").status == 404
    told = site.get("/team/audit")
    for action in ("members.add", "members.role", "members.remove"):
        assert action in told.text
    assert "members.add" not in site.get("/team/audit?user=grace").text
    assert "There is no user zoe." in site.get("/team/audit?user=zoe").text


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [
        ({"name": "zoe", "role": "viewer"}, 422, "There is no user zoe"),
        ({"name": " ", "role": "viewer"}, 422, "A name is missing"),
        ({"name": "grace", "role": "king"}, 422, "Role: "),
        ({"name": "ada", "role": "viewer"}, 409, "ada is in the team already"),
    ],
)
def test_who_cannot_be_added(
    site: Site, db: Database, typed: dict[str, str], status: int, told: str
) -> None:
    """The form says why and keeps what was typed."""
    make_user(db, "grace", None)
    refused = site.submit("/team/members", "/team", **typed)
    assert refused.status == status
    assert told in refused.text
    assert refused.value("name") == typed["name"]
    assert roles(db) == {"ada": "manager"}


def test_members_see_the_team_and_leave_it(site: Site, db: Database) -> None:
    """They see who is in it, change nothing, and go when they like."""
    grace = make_user(db, "grace", Role.MEMBER)
    sign_in(site.client, grace)
    page = site.get("/team")
    assert "ada" in page.text
    assert "/team/members" not in page.html
    assert site.submit("/team/members", "/team", name="ada", role="viewer").status == 403
    assert site.get("/team/audit").status == 403
    assert site.submit("/team/leave", "/team").location == "/"
    assert roles(db) == {"ada": "manager"}
    assert "You have left default." in site.get("/").text


def test_an_administrator_is_shown_the_way_to_other_teams(boss: Site, db: Database) -> None:
    """Whether the thing is another team's or is not there at all; a manager is not."""
    theirs = make_training_job(db, team_id=make_team(db))
    for job_id in (theirs.id, new_id()):
        page = boss.get(f"/jobs/{job_id}")
        assert page.status == 404
        assert 'href="/administration/teams">Administration, Teams' in page.html
    sign_in(boss.client, make_user(db, "grace", Role.MANAGER))
    assert "Administration, Teams" not in boss.get(f"/jobs/{theirs.id}").html


def test_an_administrator_adds_a_user(boss: Site, db: Database) -> None:
    """With a team and a role; the link signs in, and is shown once."""
    team = make_team(db)
    made = boss.submit(
        "/administration/users/new", name="Grace", email="grace@example.org", team=team,
        role="viewer",
    )  # fmt: skip
    assert made.status == 303
    page = str(made.location)
    shown = boss.get(page)
    assert shown.answer.headers["Cache-Control"] == "no-store"
    (link,) = SECRET.findall(shown.html)
    assert link.startswith("http://localhost/sign-in/link?secret=")
    assert roles(db, team) == {"grace": "viewer"}
    assert boss.get(link.removeprefix("http://localhost")).value("name") == "grace"
    assert link not in boss.get(page).html
    boss.submit(f"{page}/link", page)
    (another,) = SECRET.findall(boss.get(page).html)
    assert another != link
    assert boss.get(link.removeprefix("http://localhost")).status == 410


@pytest.mark.parametrize(
    ("typed", "status", "field"),
    [
        ({"name": "no blanks"}, 422, "name"),
        ({"name": "a" * 300}, 422, "name"),
        ({"name": "ok", "email": "none"}, 422, "email"),
        ({"name": VISITOR}, 409, None),
    ],
)
def test_a_user_who_cannot_be_added(
    boss: Site, db: Database, typed: dict[str, str], status: int, field: str | None
) -> None:
    """The form says why and keeps what was typed."""
    refused = boss.submit("/administration/users/new", **typed)
    assert refused.status == status
    assert refused.errors() == ({field} if field else set())
    assert refused.value("name") == typed["name"]


def test_a_user_is_put_into_no_team_by_chance(boss: Site, db: Database) -> None:
    """No team is chosen beforehand, and without one nothing is changed."""
    page = f"/administration/users/{make_user(db, 'grace', None).id}"
    assert boss.get(page).value("team") == ""
    refused = boss.submit(f"{page}/teams", page, team="", role="member")
    assert refused.status == 422
    assert "Choose a team first" in refused.text
    assert "grace" not in roles(db)


def test_a_manager_is_asked_before_being_none(site: Site, db: Database) -> None:
    """One who does it to oneself, and of whom there is no other; not of one of several."""
    own = f"/team/members/{do(db, lambda s: get_user(s, VISITOR)).id}"
    for move, typed in ((f"{own}/role", {"role": "member"}), (f"{own}/remove", {})):
        asked = site.submit(move, "/team", **typed)
        assert asked.status == 200
        assert "Nobody manages the team then" in asked.text
        assert roles(db) == {VISITOR: "manager"}
    other = make_user(db, "grace", Role.MANAGER)
    assert "You cannot take this back" in site.submit(f"{own}/role", "/team", role="viewer").text
    assert site.submit(f"/team/members/{other.id}/role", "/team", role="viewer").status == 303
    assert "Nobody manages" in site.get("/team").text
    assert site.submit(f"{own}/role", "/team", role="member", sure="yes").status == 303
    assert roles(db) == {VISITOR: "member", "grace": "viewer"}


def test_disable_and_promote(boss: Site, db: Database) -> None:
    """Who is disabled is out; the last administrator stays one."""
    grace = make_user(db, "grace")
    page = f"/administration/users/{grace.id}"
    assert boss.submit(f"{page}/disable", page).status == 303
    assert "grace is disabled" in boss.get(page).text
    assert boss.submit(f"{page}/enable", page).status == 303
    assert boss.submit(f"{page}/promote", page).status == 303
    assert boss.submit(f"{page}/demote", page).status == 303
    own = f"/administration/users/{do(db, lambda s: get_user(s, VISITOR)).id}"
    refused = boss.submit(f"{own}/demote", own)
    assert refused.status == 409
    assert "This is the last administrator" in refused.text
    told = [(entry.action, entry.details) for entry in do(db, list_entries).data]
    assert told == [
        ("users.demote", {"admin": False}),
        ("users.promote", {"admin": True}),
        ("users.enable", {"disabled": False}),
        ("users.disable", {"disabled": True}),
    ]
    assert "disabled: true" in boss.get("/administration/audit?action=users.disable").text


def test_a_users_sessions_teams_and_tokens(boss: Site, make_site: MakeSite, db: Database) -> None:
    """An administrator ends the sessions, sets the roles, revokes a token."""
    grace, team = make_user(db, "grace"), make_team(db)
    hers = make_site()
    sign_in(hers.client, grace)
    page = f"/administration/users/{grace.id}"
    assert hers.get("/").status == 200
    boss.submit(f"{page}/sign-out", page)
    assert hers.get("/").status == 303
    boss.submit(f"{page}/teams", page, team=team, role="viewer")
    assert roles(db, team) == {"grace": "viewer"}
    boss.submit(f"{page}/teams/{team}/remove", page)
    assert roles(db, team) == {}
    new = NewToken(DEFAULT_TEAM_ID, "hers", Right.READ)
    token, secret = do(db, lambda s: make_token(s, get_user(s, grace.id), new))
    bearer = {"Authorization": f"Bearer {secret}"}
    assert boss.client.get("/api/v1/jobs", headers=bearer).status_code == 200
    assert boss.submit(f"{page}/tokens/{token.id}/revoke", page).status == 303
    assert boss.client.get("/api/v1/jobs", headers=bearer).status_code == 401


def test_teams_are_added_and_renamed(boss: Site, db: Database) -> None:
    """A name that is taken or none is refused beside what was typed."""
    page = "/administration/teams"
    assert boss.submit(page, name="writers").status == 303
    team = do(db, lambda s: get_team(s, "writers"))
    taken = boss.submit(page, name="writers")
    assert (taken.status, taken.value("name")) == (409, "writers")
    assert boss.submit(page, name=" ").errors() == {"name"}
    assert boss.submit(f"{page}/{team.id}", name="default").status == 409
    assert boss.submit(f"{page}/{team.id}", name="readers").status == 303
    assert "readers" in boss.get(page).text
    assert boss.get("/administration/teams/nothing").status == 404


def test_the_audit_log_is_filtered(boss: Site, db: Database) -> None:
    """By who did it and in which team."""
    full = fill(db)
    page = "/administration/audit"
    assert "signing.password" in boss.get(page).text
    assert "signing.password" not in boss.get(f"{page}?user={VISITOR}").text
    assert "members.role" not in boss.get(f"{page}?team={full.team}").text
    assert boss.get(f"{page}?team=nonsense&user=&after=x").status == 200


def test_administration_is_for_administrators(site: Site, db: Database) -> None:
    """A manager is shown no way there, and refused."""
    assert "/administration" not in site.get("/").html
    for page in ("users", "users/new", "teams", "audit"):
        assert site.get(f"/administration/{page}").status == 403


def test_viewers_see_no_buttons(boss: Site, db: Database) -> None:
    """Whatever they may not do has no button on the pages that they may see."""
    full = fill(db)
    sign_in(boss.client, do(db, lambda s: get_user(s, full.user)))
    pages = [f"/jobs/{job}" for job in full.jobs.values()] + [
        *("/", "/jobs", "/corpora", f"/corpora/{full.corpus}", "/schedules", "/models"),
        *(f"/schedules/{full.schedule}", f"/models/{full.model}", "/receivers"),
        *(f"/receivers/{full.receiver}", f"/jobs/{full.jobs['trained']}/samples"),
    ]
    never = re.compile(
        r'(?:href|action)="(/(?:training|generation|desk|administration|corpora/new|\w+/new)[^"]*'
        r'|/[^"]*/(?:cancel|pause|resume|retry|delete|edit|run|enable|promote|rollback|test|verify'
        r'|versions/new))"'
    )
    for page in pages:
        found = boss.get(page)
        assert found.status == 200, page
        assert never.findall(found.html) == [], page


def test_only_managers_see_whole_addresses_of_receivers(boss: Site, db: Database) -> None:
    """The path of a webhook is often its secret."""
    url = "https://hooks.example.org/services/secret-path"
    receiver = do(db, lambda s: add_receiver(s, DEFAULT_TEAM_ID, "chat", url=url))
    pages = ["/receivers", f"/receivers/{receiver.id}"]
    assert all(url in boss.get(page).text for page in pages)
    sign_in(boss.client, make_user(db, "viewer", Role.VIEWER))
    for page in pages:
        shown = boss.get(page).text
        assert "https://hooks.example.org/…" in shown
        assert "secret-path" not in shown


def test_members_change_what_they_made(site: Site, db: Database) -> None:
    """A teammate's job has its maker's name, and no buttons that move it."""
    grace = make_user(db, "grace", Role.MEMBER)
    theirs = make_training_job(db, name="theirs")
    mine = make_training_job(db, name="mine")
    ada = do(db, lambda s: get_user(s, VISITOR))
    for job, user in ((theirs, ada), (mine, grace)):
        do(db, lambda s, j=job, u=user: setattr(s.get_one(type(j), j.id), "user_id", u.id))  # type: ignore[misc]
    sign_in(site.client, grace)
    assert "by ada" in site.get(f"/jobs/{theirs.id}").text
    assert f"/jobs/{theirs.id}/cancel" not in site.get(f"/jobs/{theirs.id}").html
    assert f"/jobs/{mine.id}/cancel" in site.get(f"/jobs/{mine.id}").html
    assert "training · " in site.get("/jobs").text
    assert "by grace" in site.get("/jobs").text


def test_an_empty_team_has_nothing_for_a_viewer_to_begin(site: Site, db: Database) -> None:
    """Home says so instead of asking for a text."""
    sign_in(site.client, make_user(db, "grace", Role.VIEWER))
    home = site.get("/")
    assert "There is nothing here yet" in home.text
    assert '<form class="card-box"' not in home.html
