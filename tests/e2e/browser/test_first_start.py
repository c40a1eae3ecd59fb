"""The first start as users see it: the printed link, a password, another user, a token."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser.chromium import Complaints
from tests.e2e.browser.hands import TEXT, faults
from tests.support.signing_in import link_of
from tests.support.stacks import Stack, running_stack

pytestmark = pytest.mark.timeout(480)

LINK = re.compile(r"http://\S+/sign-in/link\?secret=\S+")
PASSWORD = "correct horse battery"
REFUSED = 403


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A service that was started for the first time."""
    with running_stack(tmp_path_factory.mktemp("fresh") / "data") as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, fresh: Stack) -> Iterator[Callable[..., Page]]:
    """Make browsers of new people, which have nothing to complain of but refusals."""
    with ExitStack() as stack:

        def make(**options: Any) -> Page:
            context = browser.new_context(base_url=fresh.url, locale="en", **options)
            stack.callback(context.close)
            context.set_default_timeout(10_000)
            page, complaints = context.new_page(), Complaints(expected="status of 4")
            complaints.listen(page)
            stack.callback(lambda: _satisfied(complaints, fresh.url))
            return page

        yield make


def _satisfied(complaints: Complaints, url: str) -> None:
    assert complaints.said == []
    assert complaints.foreign(url) == set()


def open_menu(page: Page) -> None:
    """Open the menu of who is signed in."""
    page.locator(".who > summary").click()


def sign_in(page: Page, name: str, password: str) -> None:
    """Fill in the form."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def test_the_first_start(fresh: Stack, visitor: Callable[..., Page]) -> None:
    """From the line in the terminal to a viewer of the team who is refused what is not theirs."""
    admin = visitor()
    (printed,) = LINK.findall(fresh.said())
    admin.goto(printed)
    expect(admin.get_by_label("Your name here")).to_have_value("admin")
    assert faults(admin) == []
    admin.get_by_label("A password").fill("short")
    admin.get_by_role("button", name="Sign in").click()
    expect(admin.locator("#password-error")).to_contain_text("10 to 1000 characters")
    admin.get_by_label("A password").fill(PASSWORD)
    admin.get_by_role("button", name="Sign in").click()
    expect(admin.locator(".who > summary")).to_contain_text("admin")
    open_menu(admin)
    admin.get_by_role("button", name="Sign out").click()
    expect(admin.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(admin.locator("nav")).to_have_count(0)
    admin.goto("/team")
    sign_in(admin, "admin", "a wrong password")
    expect(admin.get_by_role("alert")).to_contain_text("The name or the password is wrong")
    assert faults(admin) == []
    sign_in(admin, "admin", PASSWORD)
    expect(admin.get_by_role("heading", level=1)).to_have_text("default")
    with fresh.client() as client:
        corpus = client.add_corpus("ours", text=TEXT)["id"]

    admin.get_by_role("link", name="Somebody who is not a user yet").click()
    admin.get_by_label("Name", exact=True).fill("grace")
    admin.get_by_label("Role").select_option("viewer")
    admin.get_by_role("button", name="Add the user").click()
    link = admin.locator("#secret").text_content() or ""
    assert faults(admin) == []

    viewer = visitor(viewport={"width": 375, "height": 720})
    viewer.goto(link)
    viewer.get_by_role("button", name="Sign in").click()
    expect(viewer.locator(".who > summary")).to_contain_text("grace")
    expect(viewer.get_by_role("link", name="Train")).to_have_count(0)
    viewer.goto(f"/corpora/{corpus}")
    expect(viewer.get_by_role("heading", level=1)).to_have_text("ours")
    expect(viewer.get_by_role("link", name="Train on it")).to_have_count(0)
    expect(viewer.get_by_text("Delete this corpus")).to_have_count(0)
    answer = viewer.goto("/training/new")
    assert answer is not None
    assert answer.status == REFUSED
    expect(viewer.get_by_role("main")).to_contain_text("you have the right to read")
    expect(viewer.get_by_role("main")).to_contain_text("the managers of default: admin")
    assert faults(viewer) == []


def test_a_token_made_in_the_page(fresh: Stack, visitor: Callable[..., Page]) -> None:
    """It is shown once, and works until it is revoked; then every browser is signed out."""
    page = visitor(permissions=["clipboard-read", "clipboard-write"])
    page.goto(link_of(fresh.database_url, fresh.url, "maker") + "&next=/account/tokens/new")
    page.get_by_label("A password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Name", exact=True).fill("laptop")
    page.get_by_label("What it may do").select_option("read")
    page.get_by_label("It expires").select_option("7")
    page.get_by_role("button", name="Make the token").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    secret = page.evaluate("navigator.clipboard.readText()")
    assert secret.startswith("charloom_")
    assert faults(page) == []

    def status() -> int:
        bearer = {"Authorization": f"Bearer {secret}"}
        return httpx.get(f"{fresh.url}/api/v1/jobs", headers=bearer).status_code

    assert status() == 200
    page.get_by_role("link", name="I have it").click()
    expect(page.locator("#tokens")).to_contain_text("expires")
    page.get_by_role("button", name="Revoke laptop").click()
    expect(page.get_by_text("laptop is revoked")).to_be_visible()
    assert status() == 401

    other = visitor(java_script_enabled=False)
    other.goto("/account")
    sign_in(other, "maker", PASSWORD)
    other.get_by_role("button", name="Sign out everywhere").click()
    expect(other.get_by_text("You are signed out in all browsers.")).to_be_visible()
    page.goto("/account")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
