"""The way from a text to what a model writes, without a mouse."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser.hands import RUN_MS, TEXT
from tests.e2e.browser.keyboard import reach, use

pytestmark = pytest.mark.timeout(240)


def link(page: Page, name: str) -> Locator:
    """Return the first link with this name."""
    return page.get_by_role("link", name=name, exact=True).first


def button(page: Page, name: str) -> Locator:
    """Return the first button with this name."""
    return page.get_by_role("button", name=name, exact=True).first


def choose(page: Page, group: str, value: str) -> None:
    """Choose one of some radio buttons with the arrow keys."""
    first = page.locator(f"input[name={group}]:checked")
    reach(page, first)
    wanted = page.locator(f"input[name={group}][value={value}]")
    for _ in range(page.locator(f"input[name={group}]").count()):
        if wanted.is_checked():
            return
        page.keyboard.press("ArrowDown")
    expect(wanted).to_be_checked()


def paste(page: Page, name: str, text: str) -> None:
    """Add a pasted text, from the home page on."""
    page.goto("/")
    use(page, link(page, "Corpora"))
    use(page, link(page, "Add a corpus"))
    choose(page, "source", "text")
    reach(page, page.get_by_label("Text", exact=True))
    page.keyboard.insert_text(text)
    reach(page, page.get_by_label("Name", exact=True))
    page.keyboard.type(name)
    use(page, button(page, "Add the corpus"))
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_from_a_text_to_what_a_model_writes(page: Page) -> None:
    """Paste a text, train, star a sample, generate: by Tab, arrows, Enter and blank alone."""
    paste(page, "By keyboard", TEXT[:20_000])
    use(page, link(page, "Train on it"))
    choose(page, "preset", "tiny")
    reach(page, page.get_by_label("Name of the job"))
    page.keyboard.type("typed")
    use(page, button(page, "Start training"))
    expect(page.get_by_role("heading", level=1)).to_have_text("typed")
    expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
    star = page.locator("button.star:visible").first
    use(page, star, "Space")
    expect(star).to_have_attribute("aria-pressed", "true")
    use(page, link(page, "Generate from the best"))
    use(page, button(page, "Generate"))
    expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
    expect(page.locator("[data-rows=outputs] [data-parts]").first).not_to_be_empty()
