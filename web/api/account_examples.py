"""The examples of users, teams and tokens: see ``web.api.examples``, whose story they belong to."""

from typing import Any

Example = dict[str, Any]

USER_ID = "0197f3c0-1a10-7b11-9c22-3d4e5f607108"
TEAM_ID = "0197f3c0-1b20-7c21-8d32-4e5f60718209"
TOKEN_ID = "0197f3c0-1c30-7d31-9e42-5f607182930a"  # noqa: S105  # nosec B105
ENTRY_ID = "0197f3c5-3070-7296-a8a7-e61c083a4b08"
JOB_ID = "0197f3c2-8b20-7d41-8a52-91c7b3e5f603"
TIME, LATER = "2026-03-01T09:00:00Z", "2026-03-01T09:03:20Z"

ADA: Example = {"id": USER_ID, "name": "ada"}
TEAM: Example = {
    "id": TEAM_ID, "name": "poets", "created_at": TIME,
    "links": {"self": f"/api/v1/teams/{TEAM_ID}", "members": f"/api/v1/teams/{TEAM_ID}/members"},
}  # fmt: skip
USER: Example = {
    **ADA, "email": "ada@example.org", "admin": False, "disabled_at": None, "created_at": TIME,
    "signed_in_at": LATER, "teams": [{"id": TEAM_ID, "name": "poets", "role": "member"}],
    "links": {"self": f"/api/v1/users/{USER_ID}"},
}  # fmt: skip
SIGN_IN: Example = {
    "url": "https://charloom.example.org/sign-in/link?secret=GzqVTx0bGmN4lQ1vWl3Nn0oBgd4Vq7lU",
    "expires_at": "2026-03-02T09:00:00Z",
}  # fmt: skip
TOKEN: Example = {
    "id": TOKEN_ID, "name": "nightly build", "scope": "submit", "user": ADA,
    "team": {"id": TEAM_ID, "name": "poets"}, "beginning": "charloom_8Zt2Qb", "created_at": TIME,
    "expires_at": "2026-05-30T09:00:00Z", "revoked_at": None, "last_used_at": LATER,
    "links": {"self": f"/api/v1/tokens/{TOKEN_ID}"},
}  # fmt: skip
ME: Example = {
    "user": ADA, "admin": False, "team": {"id": TEAM_ID, "name": "poets"}, "right": "submit",
    "token": {"id": TOKEN_ID, "name": "nightly build"},
}  # fmt: skip
MEMBER: Example = {**ADA, "role": "member", "disabled_at": None, "created_at": TIME}
ENTRY: Example = {
    "id": ENTRY_ID, "created_at": LATER, "user_id": USER_ID, "user_name": "ada",
    "token_id": TOKEN_ID, "team_id": TEAM_ID, "action": "jobs.cancel", "subject_id": JOB_ID,
    "outcome": "done", "address": "192.0.2.7", "details": {"status": 200, "job_id": JOB_ID},
}  # fmt: skip
ROWS = {"User": USER, "Team": TEAM, "Member": MEMBER, "Token": TOKEN, "Audit": ENTRY}
PAGES = {f"{name}Page": {"data": [row], "has_more": False} for name, row in ROWS.items()}
REQUESTS: dict[str, Example] = {
    "UserRequest": {"name": "ada", "email": "ada@example.org"},
    "UserChange": {"email": "ada@example.org", "disabled": True},
    "TeamRequest": {"name": "poets"},
    "RoleRequest": {"role": "member"},
    "TokenRequest": {"name": "nightly build", "scope": "submit", "expires_in_days": 90},
}
ACCOUNTS: dict[str, Example] = (
    ROWS
    | PAGES
    | REQUESTS
    | {
        "NewUser": USER | {"teams": [], "signed_in_at": None, "sign_in": SIGN_IN},
        "SignInLink": SIGN_IN,
        "NewToken": TOKEN | {"secret": "charloom_8Zt2QbNvYk6cW1eJr0sXhPqLmUaTgDf9oKiZ5yBwRtE"},  # nosec B105
        "Me": ME,
    }
)
