"""Schedules, models and receivers by hand, in a real Chromium against the whole stack."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser.hands import NO_SCROLL, RUN_MS, add_text, download, faults
from tests.support.stacks import wait_for
from tests.support.web import sends, serving

pytestmark = pytest.mark.timeout(480)

# The first run on a machine compiles what judges it.
RUN_SECONDS = 180


def add_receiver(page: Page, name: str, address: str) -> str:
    """Add a receiver by its form; return its page."""
    page.goto("/receivers/new")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Webhook address").fill(address)
    page.get_by_role("button", name="Add the receiver").click()
    expect(page.locator("pre")).to_contain_text("whsec_")
    page.get_by_role("link", name="Go on, and try it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page.url


def add_schedule(page: Page, name: str, model: str, receiver: str) -> str:
    """Add a quick schedule that writes and tells, by its form; return its page."""
    page.goto("/schedules/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Corpus").select_option(index=0)
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Model", exact=True).fill(model)
    page.get_by_label("tiny").check()
    page.get_by_label("Windows an epoch").fill("3200")
    page.get_by_label("Write with what was promoted").check()
    page.get_by_text("What to write").click()
    page.get_by_label("Length", exact=True).fill("90")
    page.get_by_label(receiver).check()
    page.get_by_role("button", name="Add the schedule").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page.url


def run_now(page: Page, runs: int) -> Locator:
    """Run the schedule whose page it is; return its newest run when that has ended."""
    place, lines = page.url, page.locator(".rows li")
    page.get_by_role("button", name="Run now").click()
    # The page that the click leads to, not one on its way.
    expect(lines).to_have_count(runs)

    def ended() -> bool:
        page.goto(place)
        said = lines.first.locator(".badge-status").text_content() or ""
        return lines.count() == runs and said.strip() in ("succeeded", "skipped", "failed")

    wait_for(ended, RUN_SECONDS)
    return lines.first


def fits_a_phone(page: Page, *places: str) -> None:
    """None of the pages is wider than a phone, and axe finds nothing."""
    page.set_viewport_size({"width": 375, "height": 720})
    for place in places:
        page.goto(place)
        for fold in page.locator("summary").all():
            fold.click()
        assert page.evaluate(NO_SCROLL), f"{place} scrolls sideways"
        assert faults(page) == [], place


def test_schedule_run_promote_tell_download(page: Page, tmp_path: Path) -> None:
    """Add a receiver and a schedule, run it twice, download, see what was told."""
    add_text(page, tmp_path, "Journey kept up with")
    with serving(sends(b"")) as hook:
        receiver = add_receiver(page, "a hook", hook)
        page.get_by_role("button", name="Send a test").click()
        schedule = add_schedule(page, "by hand, nightly", "journey", "a hook")
        expect(page.locator("time[datetime]")).to_have_count(5)
        expect(run_now(page, 1)).to_contain_text("Promoted: the first one")
        expect(run_now(page, 2)).to_contain_text("skipped")

        page.get_by_role("link", name="journey", exact=True).click()
        model = page.url
        link = page.get_by_role("link", name="model.keras")
        with zipfile.ZipFile(download(page, link, tmp_path)) as kept:
            assert "config.json" in kept.namelist()
        wait_for(lambda: shows_text(page, model), RUN_MS / 1000)
        text = download(page, page.get_by_role("link", name="output.txt"), tmp_path)
        assert len(text.read_bytes().decode()) == 90

        wait_for(lambda: all_delivered(page, receiver, 2), RUN_MS / 1000)
    fits_a_phone(page, "/schedules", "/schedules/new", schedule, f"{schedule}/edit",
                 f"{schedule}/delete", "/models", model, "/receivers", "/receivers/new",
                 receiver)  # fmt: skip


def shows_text(page: Page, model: str) -> bool:
    """Whether the model's page offers a text."""
    page.goto(model)
    return page.get_by_role("link", name="output.txt").count() == 1


def all_delivered(page: Page, receiver: str, least: int) -> bool:
    """Whether the receiver's page shows so many notices, all of them delivered."""
    page.goto(receiver)
    said = [text.strip() for text in page.locator(".rows .badge-status").all_text_contents()]
    return len(said) >= least and set(said) == {"delivered"}


def test_a_refused_schedule_keeps_what_was_typed(plain_page: Page, tmp_path: Path) -> None:
    """Without JavaScript, too: what is wrong stands beside the field, the rest is as it was."""
    add_text(plain_page, tmp_path, "Journey of a refused schedule")
    plain_page.goto("/schedules/new")
    plain_page.get_by_label("Name", exact=True).fill("never")
    plain_page.get_by_label("Model", exact=True).fill("journey")
    plain_page.get_by_label("When", exact=True).fill("0 0 30 2 *")
    plain_page.get_by_role("button", name="Add the schedule").click()
    expect(plain_page.locator("#cron-error")).to_contain_text("0 0 30 2 *")
    expect(plain_page.get_by_label("Name", exact=True)).to_have_value("never")
    plain_page.get_by_label("When", exact=True).fill("0 0 29 2 *")
    plain_page.get_by_role("button", name="Add the schedule").click()
    expect(plain_page.get_by_role("heading", level=1)).to_have_text("never")
