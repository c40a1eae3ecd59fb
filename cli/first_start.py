"""The first start: an administrator, and the link by which they sign in."""

from shared import tables  # noqa: F401  (a user's team needs its table)
from shared.accounts.audit import INSTALLATION, Deed, note
from shared.accounts.services import ensure_administrator
from shared.db import Database


def sign_in_lines(database_url: str, url: str) -> list[str]:
    """Return what is printed of signing in: a new link until somebody has signed in by one."""
    db = Database(database_url)
    try:
        with db.write() as session:
            found = ensure_administrator(session)
            if found is not None:
                note(session, INSTALLATION, Deed("users.link", found[0].id))
    finally:
        db.close()
    if found is None:
        return []
    user, secret = found
    return [f"Sign in as '{user.name}' by this link, which works once:",
            f"  {url}/sign-in/link?secret={secret}"]  # fmt: skip
