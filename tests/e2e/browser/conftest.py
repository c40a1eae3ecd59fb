"""A browser, and a page in it that must have nothing to complain of."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.e2e.browser.chromium import VARIABLE, Complaints, running_chromium
from tests.support.signing_in import signed_in_state
from tests.support.stacks import Stack

# Read before a fixture takes the CHARLOOM_* variables out of the tests.
NAMED = os.environ.get(VARIABLE)
# As long as a machine may take that does much else.
WAIT_MS = 30_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A running Chromium."""
    expect.set_options(timeout=WAIT_MS)
    with running_chromium(NAMED) as running:
        yield running


@pytest.fixture(scope="session")
def signed_in(browser: Browser, stack: Stack) -> StorageState:
    """What a browser keeps in which the stack's administrator is signed in."""
    return signed_in_state(browser, stack.url, stack.database_url)


@pytest.fixture
def complaints(stack: Stack) -> Iterator[Complaints]:
    """What the browser complained of: nothing, in a test that passes; and it asked nobody else."""
    recorded = Complaints()
    yield recorded
    assert recorded.said == []
    assert recorded.foreign(stack.url) == set()


@pytest.fixture
def page(
    browser: Browser, stack: Stack, signed_in: StorageState, complaints: Complaints
) -> Iterator[Page]:
    """An open page of the stack, whose administrator is signed in."""
    context = browser.new_context(
        base_url=stack.url, viewport={"width": 1280, "height": 900}, storage_state=signed_in
    )
    context.set_default_timeout(WAIT_MS)
    opened = context.new_page()
    complaints.listen(opened)
    yield opened
    context.close()


@pytest.fixture
def plain_page(browser: Browser, stack: Stack, signed_in: StorageState) -> Iterator[Page]:
    """A page of a browser that runs no script."""
    context = browser.new_context(
        base_url=stack.url, java_script_enabled=False, storage_state=signed_in
    )
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()
