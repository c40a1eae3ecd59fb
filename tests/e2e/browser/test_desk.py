"""The writing desk and the texts of generation jobs, by hand in a real Chromium."""

import json
import re
import zipfile
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from cli.client import Client
from tests.e2e.browser.hands import NO_SCROLL, RUN_MS, TEXT, download
from tests.support.stacks import Stack, wait_for

pytestmark = pytest.mark.timeout(240)

# From the event's own time to its arrival in the page: it is heard, not asked for now and then. How
# soon, on a machine with nothing else to do, is for people to measure.
ARRIVES_MS = 2000
# Notes how long each event of written text took, and whether the page shows its text by then.
NOTE = """() => {
  window.delays = [];
  window.shown = true;
  const begun = Date.now();
  document.addEventListener("charloom:heard", ({ detail: { type, data } }) => {
    if (type !== "text") return;
    const drawn = Date.parse(data.created_at);
    if (drawn > begun) window.delays.push(Date.now() - drawn);
    for (const { number, start, characters } of data.data.pieces) {
      const card = document.querySelector(`[data-rows=outputs] > [data-key="${number}"]`);
      const written = Number(card.dataset.written);
      window.shown &&= Boolean(card.dataset.whole) || written >= start + characters;
    }
  });
}"""


@pytest.fixture(scope="module")
def writer(stack: Stack) -> str:
    """A checkpoint of a model that was trained for a moment."""
    with stack.client() as client:
        corpus = client.add_corpus("to write from", text=TEXT[:40_000])
        job = client.train(corpus["id"], preset="tiny", name="writer", epochs=3)
        ended(client, job["id"])
        return str(client.best_checkpoint(job["id"])["id"])


def ended(client: Client, job_id: str) -> dict[str, Any]:
    """Wait for the end of a job, which must be a good one."""
    wait_for(lambda: client.job(job_id)["status"] in ("succeeded", "failed"), 120)
    job = client.job(job_id)
    assert job["status"] == "succeeded", job
    return job


def fits_and_is_accessible(page: Page) -> None:
    """Neither theme has anything that axe complains of, and a phone shows it whole."""
    for scheme, width in (("light", 1280), ("dark", 375)):
        # A button's colours change slowly else, and are looked at on their way.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(NO_SCROLL), f"{page.url} scrolls sideways"
        found = Axe().run(page).response["violations"]
        assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []
    page.set_viewport_size({"width": 1280, "height": 900})


def test_write_in_turn(page: Page, writer: str, tmp_path: Path) -> None:
    """Type, take what may come next, let it go on, take it back, stop it, see its surprise."""
    page.goto(f"/desk?checkpoint={writer}")
    text = page.get_by_label("Your text")
    text.click()
    page.keyboard.type("A journey ☃")
    first = page.locator("#choices button").first
    expect(page.locator("#choices")).to_have_attribute("aria-busy", "false")
    expect(first).to_be_visible()
    expect(page.locator("#note")).to_contain_text("☃")
    page.keyboard.press("Backspace")
    expect(page.locator("#note")).to_be_hidden()
    character = first.get_attribute("data-character") or "?"
    first.click()
    expect(text).to_have_value(f"A journey {character}")

    page.get_by_label("Characters to write").fill("40")
    text.press("Control+Enter")
    expect(page.locator("#told")).to_have_text("The model wrote 40 characters.")
    whole = text.input_value()
    assert len(whole) == len("A journey ") + 41
    text.press("Control+z")
    expect(text).to_have_value(f"A journey {character}")
    page.get_by_role("button", name="Redo").click()
    expect(text).to_have_value(whole)

    page.get_by_label("Colour by surprise").check()
    expect(page.locator("#bits")).to_contain_text("bits a character")
    expect(page.locator("#colours span").first).to_have_class(re.compile(r"^s[0-5]$"))
    assert (page.locator("#colours").text_content() or "").rstrip("\u200b") == whole
    expect(page.locator("#reading")).to_contain_text("rank")
    saved = download(page, page.get_by_role("button", name="Download"), tmp_path)
    assert saved.read_bytes().decode() == whole
    fits_and_is_accessible(page)


def test_no_worker_is_free(page: Page, stack: Stack, writer: str) -> None:
    """It says so, and can be stopped while it waits."""
    with stack.client() as client:
        long = client.generate(writer, length=9_000_000, priority=100)
        wait_for(lambda: client.job(long["id"])["status"] == "running", 60)
        page.goto(f"/desk?checkpoint={writer}")
        page.get_by_label("Your text").fill("A journey")
        page.get_by_role("button", name="Go on").click()
        expect(page.locator("#told")).to_contain_text("Waiting for a worker")
        page.get_by_label("Your text").press("Escape")
        expect(page.locator("#told")).to_have_text("Stopped after 0 characters.")
        expect(page.get_by_role("button", name="Go on")).to_be_enabled()
        client.cancel(long["id"])
    expect(page.get_by_label("Your text")).to_have_value("A journey")


def test_the_desk_tells_what_is_wrong(page: Page, complaints: Any, writer: str) -> None:
    """In the page, and what was written stays; where no text can be heard, it is asked for."""
    complaints.expected = "status of"
    page.goto(f"/desk?checkpoint={writer}")
    page.get_by_label("Your text").fill("A journey")
    page.get_by_label("Temperature").fill("hot")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#told")).to_contain_text("Temperature")
    expect(page.get_by_label("Your text")).to_have_value("A journey")

    page.route("**/stream?*", lambda route: route.fulfill(status=503))
    page.get_by_label("Temperature").fill("0.5")
    page.get_by_label("Characters to write").fill("30")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#told")).to_have_text("The model wrote 30 characters.")
    assert len(page.get_by_label("Your text").input_value()) == len("A journey") + 30


def test_texts_arrive_as_they_are_written(
    page: Page, stack: Stack, writer: str, tmp_path: Path
) -> None:
    """Two temperatures side by side, in time and whole; then the files and the proof."""
    page.goto(f"/generation/new?checkpoint={writer}")
    page.get_by_label("Prompt").fill("A journey ")
    page.get_by_label("Length").fill("30000")
    page.get_by_text("All other settings").click()
    page.get_by_label("Context").select_option("window")
    page.get_by_label("Temperature").fill("0.4 1.1")
    page.get_by_role("button", name="Generate").click()
    texts = page.locator("[data-rows=outputs] article")
    expect(texts).to_have_count(2)
    page.evaluate(NOTE)
    expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
    delays, at_once = page.evaluate("[window.delays, window.shown]")
    assert len(delays) > 1
    assert median(delays) < ARRIVES_MS, delays
    assert at_once, "what was heard was not shown"
    left, right = texts.nth(0).bounding_box(), texts.nth(1).bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]

    expect(texts.nth(1).locator("[data-slot=finish]")).to_be_visible()
    shown = [texts.nth(n).locator("[data-parts]").text_content() or "" for n in range(2)]
    job_id = page.url.rpartition("/")[2]
    files = read_zip(download(page, page.get_by_role("link", name="output.zip"), tmp_path))
    assert list(files) == [
        "text-0001-temperature-0.4.txt", "text-0002-temperature-1.1.txt", "receipts.json",
    ]  # fmt: skip
    assert [text[:10_000] for text in list(files.values())[:2]] == shown
    assert [r["number"] for r in json.loads(files["receipts.json"])] == [1, 2]

    texts.first.locator("summary").click()
    texts.first.get_by_role("button", name="Verify").click()
    expect(texts.first.locator("[data-verdict]")).to_contain_text(
        "The same text was written again.", timeout=RUN_MS
    )
    receipt = download(page, page.get_by_role("link", name="of text 1"), tmp_path)
    assert json.loads(receipt.read_text())["job_id"] == job_id
    fits_and_is_accessible(page)
    page.goto(f"/generation/new?clone={job_id}")
    expect(page.get_by_label("Temperature")).to_have_value("0.4 1.1")
    expect(page.get_by_label("Prompt")).to_have_value("A journey ")
    expect(page.get_by_label("Context")).to_have_value("window")


def read_zip(path: Path) -> dict[str, str]:
    """Return the files of a zip file in their order, as text."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_page_opened_in_between(page: Page, stack: Stack, writer: str) -> None:
    """It has what was written so far, and what follows comes behind it, once."""
    with stack.client() as client:
        job = client.generate(writer, prompt="A journey ", length=4000, context="window")
        wait_for(lambda: client.job(job["id"])["progress"]["step"] > 200, 60)
        page.goto(f"/jobs/{job['id']}")
        text = page.locator("[data-rows=outputs] [data-parts]")
        begun = text.text_content() or ""
        page.goto(f"/jobs/{job['id']}")
        expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
        expect(page.locator("[data-slot=finish]")).to_be_visible()
        whole = b"".join(client.pieces(f"/jobs/{job['id']}/output.txt")).decode()
    assert len(begun) > 100
    assert whole.startswith(begun[:100])
    expect(text).to_have_text(whole)


def test_in_chinese_on_a_phone(page: Page, writer: str) -> None:
    """The same desk in another language."""
    page.context.set_extra_http_headers({"Accept-Language": "zh-CN"})
    page.set_viewport_size({"width": 375, "height": 720})
    page.goto(f"/desk?checkpoint={writer}")
    page.locator("#text").fill("千里之行，")
    expect(page.locator("#choices button").first).to_be_visible()
    assert page.evaluate(NO_SCROLL)
    page.locator("#go").click()
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#text")).not_to_have_value("千里之行，")


def test_without_script(plain_page: Page, writer: str) -> None:
    """The desk is a form: its text is on the job's page."""
    page = plain_page
    page.goto(f"/desk?checkpoint={writer}")
    page.get_by_label("Your text").fill("A journey")
    page.get_by_label("Characters to write").fill("30")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Writing desk")
    expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
    expect(page.locator("[data-slot=prompt]")).to_have_text("A journey")
    page.locator("summary", has_text="Receipt").click()
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("heading", name="Answer")).to_be_visible()
