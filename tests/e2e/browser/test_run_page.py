"""A training job's page and the comparison, in a real Chromium: what scripts do to them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState, expect

import migrations
from cli.client import Client
from shared.db import Database
from tests.e2e.browser.chromium import Complaints
from tests.e2e.browser.hands import NO_SCROLL, RUN_MS, download
from tests.support.factories import make_corpus
from tests.support.runs import Shape, make_run
from tests.support.signing_in import signed_in_state
from tests.support.stacks import wait_for
from tests.support.web_server import running_web

pytestmark = pytest.mark.timeout(240)

TEXT = "千里之行，始于足下。\nA journey of a thousand miles begins under one's feet.\n" * 1200
# Long samples, written as the article does, so that there is something to read along.
SLOW = {
    "preset": "tiny", "epochs": 2, "units": 64, "window": 100, "max_windows": 320,
    "sample_length": 6000, "sample_temperature": [0.3, 1.0], "sample_start": "same",
}  # fmt: skip
# How old each piece is when it stands in the page.
LISTEN = """() => {
    window.ages = [];
    document.addEventListener("charloom:heard", ({ detail: { type, data } }) => {
        if (type !== "sample_text" || !data.start) return;
        const text = document.querySelector("#writing [data-text]").textContent;
        if (text.endsWith(data.text)) window.ages.push(Date.now() - Date.parse(data.written_at));
    });
}"""


@dataclass
class Runs:
    """A web server without workers, the addresses of pages, and who is signed in there."""

    url: str
    state: StorageState
    job: str
    compare: str


@pytest.fixture(scope="module")
def runs(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Two runs that go on for ever, over a SQLite database of their own."""
    folder = tmp_path_factory.mktemp("runs")
    database = f"sqlite:///{folder}/charloom.db"
    migrations.upgrade(database)
    db = Database(database)
    corpus = make_corpus(db)
    one, _ = make_run(db, corpus, Shape(12), name="one", units=24)
    two, _ = make_run(db, corpus, Shape(9), name="two")
    db.close()
    with running_web(database, folder / "web.log") as url:
        state = signed_in_state(browser, url, database)
        yield Runs(url, state, f"/jobs/{one.id}", f"/compare?job={one.id}&job={two.id}")


@pytest.fixture
def visitor(browser: Browser, runs: Runs) -> Iterator[Page]:
    """An open page of that server, whose browser must have nothing to complain of."""
    context = browser.new_context(
        base_url=runs.url, viewport={"width": 1280, "height": 900}, storage_state=runs.state
    )
    context.set_default_timeout(10_000)
    page, complaints = context.new_page(), Complaints()
    complaints.listen(page)
    yield page
    context.close()
    assert complaints.said == []
    assert complaints.foreign(runs.url) == set()


def test_watch_a_run(page: Page, client: Client) -> None:
    """Samples grow as they are written, the chart with the epochs; pause and resume."""
    corpus = client.add_corpus("to watch", text=TEXT)["id"]
    job = client.train(corpus, name="watched", **SLOW)["id"]
    page.goto(f"/jobs/{job}")
    page.evaluate(LISTEN)
    expect(page.locator("#writing")).to_be_visible(timeout=RUN_MS)
    wait_for(lambda: len(page.evaluate("window.ages")) >= 4, 60)
    ages = page.evaluate("window.ages")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-badge]")).to_have_text("paused", timeout=RUN_MS)
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("[data-badge]")).to_have_text("succeeded", timeout=RUN_MS)
    expect(page.locator("#writing")).to_be_hidden()
    expect(page.locator(".grid-row")).to_have_count(2)
    expect(page.locator(".grid-row").first.locator(".cell")).to_have_count(2)
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuemax", "2")
    # A piece waits up to a tenth of a second before it is told of.
    # Heard, not asked for: how soon depends on what else the machine does.
    assert median(ages) < 2000, ages


def test_the_chart(visitor: Page, runs: Runs) -> None:
    """Arrow keys tell values, dragging zooms, boxes hide lines, other runs are laid over."""
    visitor.goto(runs.job)
    chart = visitor.get_by_role("slider", name="Losses of each epoch")
    chart.focus()
    visitor.keyboard.press("Home")
    expect(chart).to_have_attribute("aria-valuetext", "Epoch 1, training 3.400, validation 3.400")
    visitor.keyboard.press("ArrowRight")
    expect(chart).to_have_attribute("aria-valuenow", "2")
    everything = visitor.get_by_role("button", name="Show all")
    expect(everything).to_have_attribute("aria-disabled", "true")
    box = chart.bounding_box()
    assert box
    visitor.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    visitor.mouse.down()
    visitor.mouse.move(box["x"] + box["width"] - 40, box["y"] + 80, steps=3)
    visitor.mouse.up()
    expect(everything).to_have_attribute("aria-disabled", "false")
    chart.focus()
    visitor.keyboard.press("Home")
    expect(chart).to_have_attribute("aria-valuenow", re.compile(r"[6-8]"))
    everything.click()
    visitor.get_by_label("learning rate").check()
    visitor.get_by_label("validation", exact=True).uncheck()
    visitor.get_by_text("Lay other runs over it").click()
    visitor.locator("#others").get_by_label("two").check()
    expect(visitor.locator(".chart-legend li")).to_have_count(4)
    chart.focus()
    visitor.keyboard.press("Home")
    told = "Epoch 1, training 3.400, learning rate 0.010, two 3.400"
    expect(chart).to_have_attribute("aria-valuetext", told)


def test_stars_and_a_sample_to_print(visitor: Page, runs: Runs, tmp_path: Path) -> None:
    """A star is set in the page and stays; stars are exported; paper has the text alone."""
    visitor.goto(runs.job)
    star = visitor.locator(".star").nth(1)
    with visitor.expect_response("**/star"):
        star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    visitor.reload()
    expect(visitor.locator(".star").nth(1)).to_have_attribute("aria-pressed", "true")
    visitor.get_by_role("link", name="Starred").click()
    link = visitor.get_by_role("link", name="stars.txt")
    assert download(visitor, link, tmp_path).read_text().count("== epoch 12, temp") == 1
    visitor.get_by_role("link", name="Open").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Epoch 12, temperature 0.6")
    expect(visitor.get_by_role("button", name="Print")).to_be_visible()
    visitor.emulate_media(media="print")
    expect(visitor.get_by_role("button", name="Print")).to_be_hidden()
    expect(visitor.locator("footer, header").first).to_be_hidden()
    expect(visitor.locator("article pre")).to_be_visible()


def test_compare_by_hand(visitor: Page, runs: Runs) -> None:
    """From a job's page to another run beside it: the chart follows the switch."""
    visitor.goto(runs.job)
    visitor.get_by_role("link", name="Compare").click()
    visitor.get_by_label("two").check()
    visitor.get_by_role("button", name="Compare").click()
    expect(visitor.get_by_role("row", name="Units (differs)")).to_contain_text("24")
    chart = visitor.get_by_role("slider")
    chart.focus()
    visitor.keyboard.press("End")
    before = chart.get_attribute("aria-valuetext")
    visitor.get_by_text("Training", exact=True).first.click()
    chart.focus()
    visitor.keyboard.press("End")
    assert chart.get_attribute("aria-valuetext") != before


def test_every_reader(visitor: Page, runs: Runs) -> None:
    """Nothing for axe to find in either appearance, and no page wider than a phone."""
    paths = [runs.job, f"{runs.job}/samples", f"{runs.job}/epochs", f"{runs.job}/cancel",
             runs.compare, "/compare"]  # fmt: skip
    for scheme in ("light", "dark"):
        visitor.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for path in paths:
            visitor.set_viewport_size({"width": 1280 if scheme == "light" else 375, "height": 800})
            visitor.goto(path)
            found = Axe().run(visitor)
            assert found.violations_count == 0, (path, scheme, found.generate_report())
            visitor.set_viewport_size({"width": 375, "height": 720})
            assert visitor.evaluate(NO_SCROLL), f"{path} scrolls sideways"


def test_in_chinese(visitor: Page, runs: Runs) -> None:
    """The scripts speak the language of the page."""
    visitor.context.add_cookies([{"name": "language", "value": "zh", "url": runs.url}])
    for path in (runs.job, runs.compare):
        visitor.goto(path)
        expect(visitor.locator("html")).to_have_attribute("lang", "zh-CN")
        expect(visitor.get_by_role("slider")).to_have_attribute("aria-valuenow", "12")


def test_without_script(browser: Browser, runs: Runs) -> None:
    """Samples, stars, epochs and the comparison need none."""
    context = browser.new_context(
        base_url=runs.url, java_script_enabled=False, storage_state=runs.state
    )
    page = context.new_page()
    page.goto(runs.job)
    page.locator(".star").last.click()
    expect(page.locator(".star").last).to_have_attribute("aria-pressed", "true")
    page.goto(f"{runs.job}/epochs")
    expect(page.locator("tbody tr")).to_have_count(12)
    page.goto(runs.compare)
    page.get_by_label("at temperature").select_option("0.3")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("temperature 0.3", exact=False).first).to_be_visible()
    context.close()


HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_page_that_is_not_seen_holds_no_connection(visitor: Page, runs: Runs) -> None:
    """A browser has six for all pages of a server; one that is seen again listens again."""
    with visitor.expect_request("**/stream?**") as asked:
        visitor.goto(runs.job)
    with visitor.expect_event("requestfailed", lambda request: request == asked.value):
        visitor.evaluate(HIDE, True)
    with visitor.expect_request("**/stream?**"):
        visitor.evaluate(HIDE, False)
