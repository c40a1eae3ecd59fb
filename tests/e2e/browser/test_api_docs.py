"""The API's page, in a real Chromium: read, and tried out."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.browser.chromium import Complaints
from tests.e2e.browser.hands import NO_SCROLL
from tests.support.stacks import Stack


def open_docs(page: Page) -> None:
    """Go to the page from another one, and on to what is to be tried out; wait for it."""
    page.goto("/corpora")
    page.get_by_role("link", name="API").click()
    page.get_by_role("button", name="try it out").click()
    expect(page.get_by_role("heading", name=re.compile("charloom"))).to_be_visible()


def test_every_operation_is_there(page: Page) -> None:
    """Without a complaint, and without asking another host; the page's title is its own."""
    open_docs(page)
    expect(page).to_have_title("API · charloom")
    document = page.request.get("/api/v1/openapi.json").json()
    count = sum(len(methods) for methods in document["paths"].values())
    expect(page.locator(".opblock")).to_have_count(count)


def test_an_operation_is_tried_out(stack: Stack, page: Page, complaints: Complaints) -> None:
    """With the token typed in: the request goes to this service, and its answer is shown."""
    open_docs(page)
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("auth-bearer-value").fill(stack.token)
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".btn-done").click()
    operation = page.locator("#operations-Presets-get_presets_index")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_contain_text("200")
    assert f"{stack.url}/api/v1/presets" in complaints.asked


def test_a_phone_by_night(page: Page) -> None:
    """No wider than a phone, dark where the reader's system is, and an operation unfolds."""
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 375, "height": 720})
    open_docs(page)
    expect(page.locator("html")).to_have_class(re.compile("dark-mode"))
    operation = page.locator("#operations-Jobs-post_submissions_train")
    operation.locator(".opblock-summary-control").click()
    expect(operation.locator(".opblock-body")).to_be_visible()
    assert page.evaluate(NO_SCROLL)


def test_without_script(plain_page: Page) -> None:
    """The operations are listed, and the document is linked to."""
    plain_page.goto("/api/docs")
    expect(plain_page.get_by_text("POST /api/v1/training-jobs")).to_be_visible()
    expect(plain_page.get_by_role("link", name="openapi.json")).to_be_visible()
