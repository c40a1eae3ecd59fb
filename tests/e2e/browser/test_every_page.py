"""Every page in a real Chromium: what holds for all of them, whatever they show.

A web server over a database with something of everything, another one over an empty one; no
worker, so nothing moves.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, Response, StorageState, ViewportSize, expect

from shared.db import Database
from shared.queue import FakeTickets
from tests.e2e.browser.chromium import Complaints
from tests.e2e.browser.hands import NO_SCROLL
from tests.e2e.browser.keyboard import walk
from tests.support.every_page import ELSEWHERE, EMPTY, every_page, signed_out
from tests.support.full import Full, fill
from tests.support.signing_in import make_user, signed_in_state
from tests.support.web_server import running_web
from web.headers import POLICY

T = TypeVar("T")

pytestmark = pytest.mark.timeout(480)

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 375, "height": 720}
# Both themes and both widths: a colour does not change with the width, nor the width with it.
LOOKS: tuple[tuple[Literal["light", "dark"], ViewportSize], ...] = (
    ("light", DESKTOP), ("dark", PHONE),
)  # fmt: skip
# No colour is on its way to another while axe looks.
BROWSER = {"viewport": DESKTOP, "locale": "en", "reduced_motion": "reduce"}
# But for the menu in the head, which lies over the page when it is open.
UNFOLD = "document.querySelectorAll('main details').forEach((fold) => { fold.open = true; })"
LANGUAGE = "document.documentElement.lang"
HEADINGS = "Array.from(document.querySelectorAll('h1'), (found) => found.innerText.trim())"
# What differs with the theme and the width; the rest is looked at once.
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block", "target-size"]}
FIND = """(options) => axe.run(options).then(({ violations }) => violations.flatMap(
    ({ id, nodes }) => nodes.map(({ target, html, failureSummary }) =>
        `${id} ${target}: ${html.slice(0, 200)} ${failureSummary}`)))"""


@dataclass(frozen=True)
class Sites:
    """Two running services, what is stored in the first, and who visits both."""

    full: str
    stored: Full
    empty: str
    visitors: Mapping[str, StorageState | None]

    def pages(self) -> Iterator[tuple[str, list[str]]]:
        """Yield who looks at pages, and the whole addresses: every page is among them."""
        full, empty, out = (
            [path for paths in pages for path in paths]
            for pages in (
                every_page(self.stored).values(),
                [EMPTY],
                signed_out(self.stored).values(),
            )
        )
        yield "admin", [self.full + path for path in full] + [self.empty + path for path in empty]
        yield "nobody", [self.full + path for path in out]


@pytest.fixture(scope="module")
def sites(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[Sites]:
    """The two services."""
    folder = tmp_path_factory.mktemp("sites")
    # The same user in both: for a browser they are one host, so that one session is for both.
    empty = Path(shutil.copy(sqlite_template, folder / "empty.db"))
    _change(empty, lambda db: make_user(db, "admin", None, admin=True))
    full = Path(shutil.copy(empty, folder / "full.db"))
    stored = _change(full, fill)
    with ExitStack() as stack:
        urls = [
            stack.enter_context(running_web(f"sqlite:///{path}", path.with_suffix(".log")))
            for path in (full, empty)
        ]
        state = signed_in_state(browser, urls[0], f"sqlite:///{full}")
        yield Sites(urls[0], stored, urls[1], {"admin": state, "nobody": None})


def _change(path: Path, work: Callable[[Database], T]) -> T:
    database = Database(f"sqlite:///{path}", FakeTickets())
    try:
        return work(database)
    finally:
        database.close()


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


def visits(sites: Sites, opened: Callable[..., Page], **options: Any) -> Iterator[tuple[Page, str]]:
    """Yield every address with the page of a browser that looks at it."""
    for who, urls in sites.pages():
        page = opened(storage_state=sites.visitors[who], **options)
        yield from ((page, url) for url in urls)


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
    wrong = list[str]()
    for page, url in visits(sites, opened):
        answer = visit(page, url)
        assert (answer.status, answer.headers["content-security-policy"]) == (200, POLICY), url
        wrong += told(page, url, "en")
        for theme, size in LOOKS:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.set_viewport_size(size)
            whole = (theme, size) == LOOKS[0]
            found = problems(page, {} if whole else COLOURS)
            found += [] if page.evaluate(NO_SCROLL) else ["scrolls sideways"]
            wrong += [f"{url} {theme} {size['width']}: {line}" for line in found]
    assert wrong == [], "\n".join(wrong)


def told(page: Page, url: str, lang: str) -> list[str]:
    """Return a line where a page lacks its title, its one heading or its language."""
    said, headings = page.evaluate(LANGUAGE), page.evaluate(HEADINGS)
    if said == lang and len(headings) == 1 and headings[0] and page.title():
        return []
    return [f"{url} in {lang}: {said}, {page.title()!r}, {headings}"]


def test_all_in_chinese(sites: Sites, opened: Callable[..., Page]) -> None:
    """Each has a title, one heading and its language, and fits the screen, as in English."""
    wrong = list[str]()
    for page, url in visits(sites, opened, locale="zh-CN"):
        visit(page, url)
        wrong += told(page, url, "zh-CN")
        for size in (PHONE, DESKTOP):
            page.set_viewport_size(size)
            if not page.evaluate(NO_SCROLL):
                wrong.append(f"{url} in Chinese scrolls sideways at {size['width']}")
    assert wrong == [], "\n".join(wrong)


def test_all_can_be_reached_by_keyboard(sites: Sites, opened: Callable[..., Page]) -> None:
    """Tab leads to everything that can be used, shows where it is, and is caught nowhere."""
    wrong = list[str]()
    for page, url in visits(sites, opened):
        visit(page, url)
        wrong += [f"{url}: {line}" for line in walk(page)]
    assert wrong == [], "\n".join(wrong)


def test_the_policy_allows_nothing_unsafe() -> None:
    """Scripts, styles and all else from this service alone, images from it or in the page."""
    assert POLICY.startswith("default-src 'self'; img-src 'self' data:; ")
    assert "unsafe" not in POLICY


def test_a_page_that_is_not_there(browser: Browser, sites: Sites) -> None:
    """It is one like all others: the way on, and nothing for axe to find."""
    page = browser.new_page(viewport=PHONE, storage_state=sites.visitors["admin"])
    answer = visit(page, sites.full + ELSEWHERE)
    assert answer.status == 404
    assert answer.headers["content-security-policy"] == POLICY
    assert problems(page, {}) == []
    assert page.evaluate(NO_SCROLL)
    page.close()


def test_the_menu_of_who_is_signed_in(sites: Sites, opened: Callable[..., Page]) -> None:
    """It opens and closes by keyboard, fits a phone, and hides nothing from axe."""
    page = opened(storage_state=sites.visitors["admin"])
    page.goto(f"{sites.full}/account")
    summary, menu = page.locator(".who > summary"), page.locator(".who-menu")
    summary.press("Enter")
    expect(menu.get_by_role("link", name="Administration")).to_be_visible()
    for theme, size in LOOKS:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size(size)
        assert problems(page, {"runOnly": ["wcag2a", "wcag2aa"]}) == [], (theme, size)
        assert page.evaluate(NO_SCROLL)
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(summary).to_be_focused()


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
