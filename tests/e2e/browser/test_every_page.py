"""Every page in a real Chromium: what holds for all of them, whatever they show.

A web server over a database with something of everything, another one over an empty one; no
worker, so nothing moves.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, Response, ViewportSize

from shared.db import Database
from shared.queue import FakeTickets
from tests.e2e.browser.chromium import Complaints
from tests.e2e.browser.hands import NO_SCROLL
from tests.e2e.browser.keyboard import walk
from tests.support.every_page import ELSEWHERE, EMPTY, every_page
from tests.support.full import Full, fill
from tests.support.web_server import running_web
from web.headers import POLICY

pytestmark = pytest.mark.timeout(480)

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 375, "height": 720}
LOOKS: tuple[tuple[Literal["light", "dark"], ViewportSize], ...] = (
    ("light", DESKTOP), ("dark", DESKTOP), ("dark", PHONE), ("light", PHONE),
)  # fmt: skip
# No colour is on its way to another while axe looks.
BROWSER = {"viewport": DESKTOP, "locale": "en", "reduced_motion": "reduce"}
UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
LANGUAGE = "document.documentElement.lang"
HEADINGS = "Array.from(document.querySelectorAll('h1'), (found) => found.innerText.trim())"
# What differs with the theme and the width; the rest is looked at once.
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block", "target-size"]}
FIND = """(options) => axe.run(options).then(({ violations }) => violations.flatMap(
    ({ id, nodes }) => nodes.map(({ target, html, failureSummary }) =>
        `${id} ${target}: ${html.slice(0, 200)} ${failureSummary}`)))"""


@dataclass(frozen=True)
class Sites:
    """Two running services, and what is stored in the first."""

    full: str
    stored: Full
    empty: str

    def pages(self) -> list[str]:
        """Return the whole address of every page."""
        paths = [path for paths in every_page(self.stored).values() for path in paths]
        return [self.full + path for path in paths] + [self.empty + path for path in EMPTY]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Sites]:
    """The two services."""
    folder = tmp_path_factory.mktemp("sites")
    paths = [
        Path(shutil.copy(sqlite_template, folder / f"{name}.db")) for name in ("full", "empty")
    ]
    database = Database(f"sqlite:///{paths[0]}", FakeTickets())
    stored = fill(database)
    database.close()
    with ExitStack() as stack:
        full, empty = (
            stack.enter_context(running_web(f"sqlite:///{path}", path.with_suffix(".log")))
            for path in paths
        )
        yield Sites(full, stored, empty)


@pytest.fixture
def opened(browser: Browser, sites: Sites) -> Iterator[Callable[..., Page]]:
    """Make pages whose console stays empty, and which ask nobody but the two services."""
    with ExitStack() as stack:
        heard = []

        def make(**options: Any) -> Page:
            context = browser.new_context(**BROWSER | options)
            stack.callback(context.close)
            page, complaints = context.new_page(), Complaints()
            complaints.listen(page)
            heard.append(complaints)
            return page

        yield make
        for complaints in heard:
            assert complaints.said == []
            assert complaints.foreign(sites.full) & complaints.foreign(sites.empty) == set()


def visit(page: Page, url: str) -> Response:
    """Open a page with all that is folded in it."""
    answer = page.goto(url)
    assert answer is not None
    if url.endswith("/api/docs"):
        page.locator("#open").click()
        page.wait_for_selector("#swagger-ui main")
    page.evaluate(UNFOLD)
    return answer


def problems(page: Page, options: dict[str, Any]) -> list[str]:
    """Return what axe finds, a line an element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return list(page.evaluate(FIND, {"resultTypes": ["violations"], **options}))


def test_all_can_be_read_by_everyone(sites: Sites, opened: Callable[..., Page]) -> None:
    """axe-core finds nothing in light and dark, at a desk and on a phone; nothing is too wide."""
    page, wrong = opened(), list[str]()
    for url in sites.pages():
        answer = visit(page, url)
        assert (answer.status, answer.headers["content-security-policy"]) == (200, POLICY), url
        for theme, size in LOOKS:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.set_viewport_size(size)
            whole = (theme, size) == LOOKS[0]
            found = problems(page, {} if whole else COLOURS)
            found += [] if page.evaluate(NO_SCROLL) else ["scrolls sideways"]
            wrong += [f"{url} {theme} {size['width']}: {line}" for line in found]
    assert wrong == [], "\n".join(wrong)


def test_all_in_both_languages(sites: Sites, opened: Callable[..., Page]) -> None:
    """Each has a title, one heading and its language, and fits the screen in Chinese, too."""
    wrong = list[str]()
    for lang in ("en", "zh-CN"):
        page = opened(locale=lang)
        for url in sites.pages():
            visit(page, url)
            said, headings = page.evaluate(LANGUAGE), page.evaluate(HEADINGS)
            if said != lang or len(headings) != 1 or not headings[0] or not page.title():
                wrong.append(f"{url} in {lang}: {said}, {page.title()!r}, {headings}")
            for size in (PHONE, DESKTOP):
                page.set_viewport_size(size)
                if not page.evaluate(NO_SCROLL):
                    wrong.append(f"{url} in {lang} scrolls sideways at {size['width']}")
    assert wrong == [], "\n".join(wrong)


def test_all_can_be_reached_by_keyboard(sites: Sites, opened: Callable[..., Page]) -> None:
    """Tab leads to everything that can be used, shows where it is, and is caught nowhere."""
    page, wrong = opened(), list[str]()
    for url in sites.pages():
        visit(page, url)
        wrong += [f"{url}: {line}" for line in walk(page)]
    assert wrong == [], "\n".join(wrong)


def test_the_policy_allows_nothing_unsafe() -> None:
    """Scripts, styles and all else from this service alone, images from it or in the page."""
    assert POLICY.startswith("default-src 'self'; img-src 'self' data:; ")
    assert "unsafe" not in POLICY


def test_a_page_that_is_not_there(browser: Browser, sites: Sites) -> None:
    """It is one like all others: the way on, and nothing for axe to find."""
    page = browser.new_page(viewport=PHONE)
    answer = visit(page, sites.full + ELSEWHERE)
    assert answer.status == 404
    assert answer.headers["content-security-policy"] == POLICY
    assert problems(page, {}) == []
    assert page.evaluate(NO_SCROLL)
    page.close()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("", []),
        ("two.style.outline = 'none'", ["focus is not seen"]),
        ("two.onkeydown = (event) => event.preventDefault()", ["not reached", "not reached"]),
    ],
)
def test_the_walk_notices(browser: Browser, fault: str, told: list[str]) -> None:
    """It tells what Tab does not reach, what keeps it, and what does not show that it is there."""
    page = browser.new_page()
    page.set_content("<a href=#>one</a> <a href=# id=two>two</a> <a href=#>3</a> <input>")
    page.evaluate(f"() => {{ const two = document.getElementById('two'); {fault}; }}")
    assert [line.split(":")[0] for line in walk(page)] == told
    page.close()
