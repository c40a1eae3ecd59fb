"""A browser, and a page in it that must have nothing to complain of."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser.chromium import VARIABLE, Complaints, running_chromium
from tests.support.signing_in import link_of
from tests.support.stacks import Stack

# Read before a fixture takes the CHARLOOM_* variables out of the tests.
NAMED = os.environ.get(VARIABLE)
WAIT_MS = 10_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A running Chromium."""
    expect.set_options(timeout=WAIT_MS)
    with running_chromium(NAMED) as running:
        yield running


def sign_in_page(page: Page, stack: Stack) -> None:
    """Sign an administrator in by a link, as one does."""
    page.goto(link_of(stack.database_url, stack.url))
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{stack.url}/")


@pytest.fixture
def complaints(stack: Stack) -> Iterator[Complaints]:
    """What the browser complained of: nothing, in a test that passes; and it asked nobody else."""
    recorded = Complaints()
    yield recorded
    assert recorded.said == []
    assert recorded.foreign(stack.url) == set()


@pytest.fixture
def page(browser: Browser, stack: Stack, complaints: Complaints) -> Iterator[Page]:
    """An open page of the stack."""
    context = browser.new_context(base_url=stack.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT_MS)
    opened = context.new_page()
    sign_in_page(opened, stack)
    complaints.listen(opened)
    yield opened
    context.close()


@pytest.fixture
def plain_page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A page of a browser that runs no script."""
    context = browser.new_context(base_url=stack.url, java_script_enabled=False)
    context.set_default_timeout(WAIT_MS)
    opened = context.new_page()
    sign_in_page(opened, stack)
    yield opened
    context.close()
