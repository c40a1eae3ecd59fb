"""Signing in through a provider, by hand, in a real Chromium: cookies, redirects and the policy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser.chromium import Complaints
from tests.support.oidc_provider import CLIENT, SECRET, OidcProvider, running_provider
from tests.support.signing_in import link_of
from tests.support.web_server import running_web

PASSWORD = "a long enough secret"


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    """A running provider, at which one must say yes."""
    with running_provider() as running:
        running.asks = True
        yield running


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A database of the service's own."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'charloom.db')}"


@pytest.fixture
def url(provider: OidcProvider, database_url: str, tmp_path: Path) -> Iterator[str]:
    """A running web server that has the provider."""
    env = {
        "CHARLOOM_OIDC_ISSUER": provider.issuer,
        "CHARLOOM_OIDC_CLIENT_ID": CLIENT,
        "CHARLOOM_OIDC_CLIENT_SECRET": SECRET,
        "CHARLOOM_OIDC_NAME": "Lab Account",
        "CHARLOOM_OIDC_NEW_USERS": "add",
        "CHARLOOM_OIDC_TEAM": "default",
    }
    with running_web(database_url, tmp_path / "web.log", env) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, url: str, provider: OidcProvider) -> Iterator[Page]:
    """A page in which nobody is signed in; nothing it did was against the policy."""
    context = browser.new_context(base_url=url)
    opened, complaints = context.new_page(), Complaints()
    complaints.listen(opened)
    yield opened
    context.close()
    assert [line for line in complaints.said if "Content Security Policy" in line] == []
    assert all(asked.startswith(provider.issuer) for asked in complaints.foreign(url))


def test_somebody_signs_in_and_comes_to_what_they_wanted(visitor: Page, url: str) -> None:
    """From a page that wants one signed in, by the button and the provider, to that page."""
    visitor.goto("/jobs?kind=train")
    visitor.get_by_role("link", name="Sign in with Lab Account").click()
    visitor.get_by_role("link", name="Yes, it is me").click()
    expect(visitor).to_have_url(f"{url}/jobs?kind=train")
    expect(visitor.get_by_role("banner")).to_contain_text("ada.lovelace")
    visitor.locator(".who > summary").click()
    visitor.get_by_role("banner").get_by_role("button", name="Sign out").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_somebody_ties_their_account(visitor: Page, url: str, database_url: str) -> None:
    """After a form the policy lets nobody be redirected to another host: the page leads there."""
    visitor.goto(link_of(database_url, url))
    visitor.get_by_label("A password for the next time").fill(PASSWORD)
    visitor.get_by_role("main").get_by_role("button", name="Sign in").click()
    visitor.wait_for_url(f"{url}/")
    visitor.goto("/account/provider")
    visitor.get_by_label("Your password here").fill(PASSWORD)
    visitor.get_by_role("button", name="Tie the account to Lab Account").click()
    visitor.get_by_role("link", name="Yes, it is me").click()
    expect(visitor).to_have_url(f"{url}/account/provider")
    expect(visitor.get_by_role("main")).to_contain_text("You can sign in with Lab Account.")
