"""Texts, home and news by hand: taking a text in, its report, what ends while one reads."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState, expect

from cli.client import Client
from tests.e2e.browser.chromium import Complaints
from tests.e2e.browser.hands import NO_SCROLL, RUN_MS, TEXT
from tests.support.stacks import Stack

pytestmark = pytest.mark.timeout(240)

DROP = """(form, text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "travels.txt", { type: "text/plain" }));
    const how = { dataTransfer: data, bubbles: true, cancelable: true };
    for (const type of ["dragenter", "dragover", "drop"]) {
        form.dispatchEvent(new DragEvent(type, how));
    }
}"""
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 150_000}
FAST = SLOW | {"uploadThroughput": -1}


def test_a_dropped_file_is_sent_and_looked_at(page: Page) -> None:
    """Dropped, sent with a bar, cancelled, sent again; then its report leads to training."""
    network = page.context.new_cdp_session(page)
    page.goto("/corpora/new")
    form = page.locator("form[data-upload]")
    form.evaluate(DROP, TEXT * 8 + "\u200b\n")
    network.send("Network.emulateNetworkConditions", SLOW)
    page.get_by_role("button", name="Add the corpus").click()
    expect(page.locator("[data-sending-line]")).to_have_text(
        re.compile(r"^[1-9]\d? percent of 0.8 MB")
    )
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-sending-said]")).to_contain_text("cancelled")
    network.send("Network.emulateNetworkConditions", FAST)
    page.get_by_role("button", name="Add the corpus").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("travels")
    expect(page.get_by_role("heading", name="What to train on it")).to_be_visible()
    expect(page.get_by_text("U+200B zero width space")).to_be_visible()
    page.get_by_role("link", name="Show it").click()
    expect(page.locator("mark#place")).to_have_text("\u200b")
    page.go_back()
    page.get_by_role("link", name="Train with this").click()
    expect(page.get_by_label("fast")).to_be_checked()


def test_a_refused_file_stays_chosen(page: Page, complaints: Complaints, tmp_path: Path) -> None:
    """The error stands beside the file, which is still chosen, as is all that was typed."""
    complaints.expected = "status of 422"
    file = tmp_path / "picture.bin"
    file.write_bytes(b"good\xff\xfe\x00\x01bad" * 20)
    page.goto("/corpora/new")
    page.get_by_label("Name").fill("a picture")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Add the corpus").click()
    expect(page.locator("#file-error")).to_contain_text("Byte 4")
    expect(page.get_by_label("Name")).to_have_value("a picture")
    assert page.get_by_label("File", exact=True).evaluate("input => input.files.length") == 1


def test_paste_on_a_phone_in_chinese(
    browser: Browser, stack: Stack, signed_in: StorageState
) -> None:
    """A pasted text is taken in; nothing scrolls sideways."""
    context = browser.new_context(
        base_url=stack.url, locale="zh-CN", viewport={"width": 375, "height": 720},
        storage_state=signed_in,
    )  # fmt: skip
    page = context.new_page()
    page.goto("/corpora/new")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.locator("#source-text").check()
    page.locator("#name").fill("千里")
    page.locator("#text").fill(TEXT[:4000])
    page.locator("form[data-upload] button[data-busy]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("千里")
    for fold in page.locator("summary").all():
        fold.click()
    assert page.evaluate(NO_SCROLL)
    context.close()


def test_texts_without_script(plain_page: Page) -> None:
    """A pasted text, its report, and reading on in it."""
    page = plain_page
    page.goto("/corpora/new")
    page.get_by_label("Paste").check()
    page.get_by_label("Name").fill("plain")
    page.get_by_role("textbox", name="Text").fill(TEXT[:8000])
    page.get_by_role("button", name="Add the corpus").click()
    expect(page.get_by_role("heading", name="What to train on it")).to_be_visible()
    page.get_by_role("link", name="Read on").click()
    page.get_by_role("link", name="Later").first.click()
    expect(page.get_by_text("Characters 3,001 to 6,000 of 8,000")).to_be_visible()


def test_a_job_ends_while_one_reads(page: Page, client: Client) -> None:
    """Home's bar moves by itself; when the job ends, a notice says so, and goes when told to."""
    corpus = client.add_corpus("watched", text=TEXT)
    size = {"units": 128, "max_windows": 25600, "epochs": 1}
    client.train(corpus["id"], preset="tiny", name="to be told of", **size)
    page.goto("/")
    page.evaluate("window.neverReloaded = true")
    row = page.locator("[data-key=now] li", has_text="to be told of")
    expect(row.locator(".row-bar")).to_contain_text(re.compile(r"[1-9]\d?%"), timeout=RUN_MS)
    notice = page.locator(".toast-note", has_text="to be told of")
    expect(notice).to_contain_text("The job has finished.", timeout=RUN_MS)
    expect(page.locator("[data-key=ended]")).to_contain_text("to be told of")
    assert page.evaluate("window.neverReloaded") is True
    notice.get_by_role("button", name="Dismiss").press("Enter")
    expect(notice).to_have_count(0)


def test_no_barriers(page: Page, client: Client) -> None:
    """axe finds nothing on these pages, in light and in dark."""
    corpus = client.add_corpus("without barriers", text=TEXT + "\u200b")
    own = f"/corpora/{corpus['id']}"
    for path in ("/", "/corpora", "/corpora/new", own, f"{own}/read?at=9&length=9", "/jobs"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.goto(path)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path} {scheme}:\n{found.generate_report()}"
