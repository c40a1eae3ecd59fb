"""A visitor who signs in through the provider, as a browser does."""

from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr
from sqlalchemy import select

from shared.accounts.models import User
from shared.db import Database
from tests.integration.pages.conftest import MakeSite
from tests.integration.pages.site import Page, Site
from tests.support.oidc_provider import CLIENT, SECRET, OidcProvider

START, BACK = "/sign-in/provider", "/sign-in/provider/back"


class Arrival:
    """A browser that nobody is signed in with, before a provider."""

    def __init__(self, site: Site, provider: OidcProvider):
        self.site, self.provider = site, provider
        site.client.delete_cookie("session")

    @classmethod
    def at(cls, make_site: MakeSite, provider: OidcProvider, **changes: Any) -> "Arrival":
        """Return one at an application that has the provider, with other settings if given."""
        known = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT}
        secret = {"oidc_client_secret": SecretStr(SECRET), "oidc_new_users": "add"}
        return cls(make_site(**(known | secret | changes)), provider)

    def begin(self, wanted: str = "") -> str:
        """Press the button; return the provider's address to which it leads."""
        sent = self.site.get(START, query_string={"next": wanted} if wanted else {})
        assert sent.status == 303, sent.text
        return sent.location

    def back_from(self, address: str) -> str:
        """Let the provider answer; return the address to which it sends back, without the host."""
        answer = httpx.get(address)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    def go(self, wanted: str = "") -> Page:
        """Go all the way, and return the last answer."""
        return self.site.get(self.back_from(self.begin(wanted)))

    def is_in(self) -> bool:
        """Tell whether somebody is signed in now."""
        return self.site.get("/account/provider").status == 200


def people(db: Database) -> list[User]:
    """Return all users but the visitor of other tests."""
    with db.read() as session:
        return list(session.scalars(select(User).where(User.name != "ada").order_by(User.id)))
