"""The main job by hand, in a real Chromium against the whole stack."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.chromium import Complaints
from tests.e2e.browser.hands import NO_SCROLL, RUN_MS, add_text, download

pytestmark = pytest.mark.timeout(240)

# Some ten seconds of training on two cores: the page asks every second, and progress must be seen
# on its way on machines several times as fast, too.
WATCHED = {"Units": "128", "Windows an epoch": "64000"}


def submit_training(
    page: Page, name: str, epochs: int = 2, fields: Mapping[str, str] = {"Windows an epoch": "6400"}
) -> None:
    """Submit the training form with the preset ``tiny`` and fields of its own."""
    page.get_by_role("link", name="Train on it").click()
    page.get_by_label("tiny").check()
    for label, value in {"Epochs": str(epochs), **fields}.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Name of the job").fill(name)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def drawn(page: Page) -> int:
    """Return how many points of the canvas carry a colour: 0 for a chart without anything."""
    return int(
        page.evaluate(
            """() => {
                const canvas = document.getElementById("loss-chart-canvas");
                const { width, height } = canvas;
                const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
                return data.filter((value, index) => index % 4 === 3 && value > 0).length;
            }"""
        )
    )


def watch_to_the_end(page: Page, name: str, epochs: int) -> None:
    """See progress, samples, table and chart arrive in a page that is never reloaded."""
    page.evaluate("window.neverReloaded = true")
    # Progress, while it runs: in the page and in its title.
    expect(page).to_have_title(re.compile(rf"^[1-9]\d?% · {name}$"), timeout=RUN_MS)
    expect(page.locator("[data-state=line]")).to_contain_text("Epoch")
    samples = page.locator("[data-rows=samples] .cell")
    text = samples.first.locator("[data-parts]")
    expect(text).to_have_text(re.compile(r"\S{3}"), timeout=RUN_MS)
    expect(page.locator("#loss-chart")).to_be_visible()
    expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
    expect(page).to_have_title(f"Succeeded · {name}")
    expect(samples).to_have_count(epochs)
    expect(page.locator("[data-rows=epochs] tr")).to_have_count(epochs)
    expect(page.locator(".tag-best:visible")).to_have_count(1)
    assert drawn(page) > 1000
    assert page.evaluate("window.neverReloaded") is True


def write_two_texts(page: Page, prompt: str, length: int) -> list[str]:
    """Generate at two temperatures through the form; return the texts as the page shows them."""
    page.get_by_role("link", name="Generate from the best").click()
    page.get_by_label("Prompt").fill(prompt)
    page.get_by_label("Length").fill(str(length))
    page.get_by_label("Temperature").fill("0.3 0.8")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
    texts = page.locator("[data-rows=outputs] article")
    expect(texts).to_have_count(2)
    expect(texts.first.locator("[data-slot=prompt]")).to_have_text(prompt)
    return [texts.nth(n).locator("[data-parts]").text_content() or "" for n in range(2)]


def test_upload_train_watch_generate_download(page: Page, tmp_path: Path) -> None:
    """Upload, train, see progress, chart and samples arrive without reloading, write, download."""
    add_text(page, tmp_path, "Journey 千里")
    submit_training(page, "by hand", epochs=3, fields=WATCHED)
    watch_to_the_end(page, "by hand", epochs=3)

    link = page.get_by_role("link", name="model.keras of epoch 3")
    with zipfile.ZipFile(download(page, link, tmp_path)) as model:
        assert "config.json" in model.namelist()

    written = write_two_texts(page, "A journey\n千里", 120)
    assert [len(text) for text in written] == [120, 120]
    link = page.get_by_role("link", name="output.txt", exact=True)
    assert download(page, link, tmp_path).read_bytes().decode() == "\n".join(written)


def test_cancel_by_hand(page: Page, tmp_path: Path) -> None:
    """The buttons follow the job: cancelled from its page, then retry is offered."""
    add_text(page, tmp_path, "Journey to cancel")
    submit_training(page, "to cancel", epochs=500)
    expect(page).to_have_title(re.compile(r"^\d+% · to cancel$"), timeout=RUN_MS)
    page.get_by_role("link", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator("[data-badge]")).to_have_text("cancelled", timeout=RUN_MS)
    expect(page.get_by_role("link", name="Cancel", exact=True)).to_be_hidden()
    expect(page.get_by_role("button", name="Retry")).to_be_visible()


def test_a_refused_form_keeps_what_was_typed(
    page: Page, complaints: Complaints, tmp_path: Path
) -> None:
    """The error stands beside its field, which has the focus and what was typed."""
    complaints.expected = "status of 422"
    add_text(page, tmp_path, "Journey refused")
    page.get_by_role("link", name="Train on it").click()
    page.get_by_label("Epochs").fill("ten")
    page.get_by_label("tiny").check()
    page.get_by_role("button", name="Start training").click()
    field = page.get_by_label("Epochs")
    expect(field).to_have_value("ten")
    expect(field).to_be_focused()
    expect(page.locator("#epochs-error")).to_contain_text("a whole number")
    expect(page.get_by_label("tiny")).to_be_checked()


def test_phone_width(page: Page, tmp_path: Path) -> None:
    """No page is wider than a phone, in light and in dark."""
    name = "a-very-long-name-without-any-blank-" * 4
    add_text(page, tmp_path, name)
    corpus = page.url
    submit_training(page, name, epochs=1)
    expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
    job = page.url
    page.set_viewport_size({"width": 375, "height": 720})
    places = ["/", "/corpora", "/corpora/new", corpus, f"{corpus}/versions/new", "/training/new",
              "/generation/new", "/jobs", job]  # fmt: skip
    for path in places:
        page.emulate_media(color_scheme="dark" if path == job else "light")
        page.goto(path)
        for fold in page.locator("summary").all():
            fold.click()
        assert page.evaluate(NO_SCROLL), f"{path} scrolls sideways"


def test_without_script(plain_page: Page, tmp_path: Path) -> None:
    """With JavaScript off the forms submit, the job page reloads itself, downloads come."""
    page = plain_page
    add_text(page, tmp_path, "Journey without script")
    submit_training(page, "without script")
    expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
    expect(page.locator("[data-rows=samples] .cell")).to_have_count(2)
    page.get_by_role("link", name="Generate from the best").click()
    page.get_by_label("Length").fill("50")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
    link = page.get_by_role("link", name="output.txt", exact=True)
    assert len(download(page, link, tmp_path).read_bytes().decode()) == 50
