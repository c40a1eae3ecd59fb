"""The form of a training job by hand, in a real Chromium against the whole stack."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.hands import NO_SCROLL, RUN_MS, add_text, faults

pytestmark = pytest.mark.timeout(240)


def figure(page: Page, name: str, text: str | re.Pattern[str]) -> None:
    """Wait until a figure of the estimate is ``text``."""
    expect(page.locator(f"[data-figure={name}]")).to_have_text(text)


def test_by_keyboard(page: Page, tmp_path: Path) -> None:
    """Choose a card, see the estimate follow, be told what is wrong, mend it, submit."""
    add_text(page, tmp_path, "Journey by keyboard")
    page.goto("/training/new")
    page.locator("input[name=preset]:checked").focus()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("radio", name="seed")).to_be_checked()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("fast")).to_be_checked()
    expect(page.get_by_label("Epochs")).to_have_attribute("placeholder", "30")
    figure(page, "windows", "28,000")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    figure(page, "steps", "20")

    epochs = page.get_by_label("Epochs")
    epochs.focus()
    page.keyboard.type("ten")
    expect(page.locator("#epochs-error")).to_contain_text("Received: ten.")
    expect(page.locator("#estimate-told")).to_contain_text("Received: ten.")
    expect(epochs).to_be_focused()
    figure(page, "steps", "–")
    epochs.fill("1")
    expect(page.locator("#epochs-error")).to_have_count(0)

    group = page.locator("details", has_text="What teaches")
    group.locator("summary").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Batch size").fill("64")
    figure(page, "steps", "10")
    expect(group.locator("summary")).to_contain_text("1 filled in")
    assert faults(page) == []
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/jobs/"))


def test_a_failed_job_is_cloned_on_a_phone(page: Page, tmp_path: Path) -> None:
    """In Chinese, too: what had failed is changed, and trains; no page is wider than the phone."""
    add_text(page, tmp_path, "Journey that diverged")
    page.set_viewport_size({"width": 375, "height": 720})
    # Each step makes the weights nine times as large.
    page.goto("/training/new?preset=tiny&optimizer=sgd&learning_rate=10&weight_decay=1")
    page.get_by_role("button", name="Start training").click()
    badge = page.locator("[data-badge]")
    expect(badge).to_have_text("failed", timeout=RUN_MS)
    job = page.url.rpartition("/")[2]
    page.get_by_role("button", name="中文").click()
    page.goto(f"/training/new?clone={job}")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#learning_rate")).to_have_value("10.0")
    page.locator("#learning_rate").fill("0.01")
    page.locator("#epochs").fill("1")
    assert page.evaluate(NO_SCROLL)
    page.locator("#estimate button").click()
    expect(page).to_have_url(re.compile(f"/jobs/(?!{job})"))


def test_without_script(plain_page: Page, tmp_path: Path) -> None:
    """A button tells what the run would take; what was typed stays, and is submitted then."""
    page = plain_page
    add_text(page, tmp_path, "Journey without an estimate's script")
    page.goto("/training/new")
    page.get_by_label("tiny").check()
    page.get_by_label("Windows an epoch").fill("64")
    page.get_by_role("button", name="Estimate").click()
    figure(page, "steps", "2")
    expect(page.get_by_label("tiny")).to_be_checked()
    page.get_by_role("button", name="Start training").click()
    expect(page).to_have_url(re.compile("/jobs/"))
