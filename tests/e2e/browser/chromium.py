"""A headless Chromium that is the machine's own, and a record of what went wrong in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE = "CHARLOOM_CHROMIUM"
# No sandbox: tests run as root in containers. The rest keeps the browser from asking the network.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium(named: str | None) -> str:
    """Return the browser: the one that is named, else the machine's; fail where there is none."""
    found = next(filter(None, map(shutil.which, [named] if named else NAMES)), None)
    if found is None:
        looked_for = f"{VARIABLE} names {named}" if named else f"looked for {', '.join(NAMES)}"
        pytest.fail(
            f"the browser tests need Chromium ({looked_for}): run `apt-get install -y chromium` "
            f"(macOS: `brew install chromium`), or set {VARIABLE} to a Chromium or Chrome",
            pytrace=False,
        )
    return found


@contextmanager
def running_chromium(named: str | None = None) -> Iterator[Browser]:
    """Run the browser until the block ends."""
    path = find_chromium(named or os.environ.get(VARIABLE))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Complaints:
    """What the browser had to say of a page, and who was asked for anything."""

    said: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    # The browser reports every page of another status than 200: a test may mean to get one.
    expected: str | None = None

    def listen(self, page: Page) -> None:
        """Record what happens on ``page`` from now on."""
        page.on("console", lambda message: self._hear(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self._hear(f"error: {error}"))
        page.on("request", self._note)

    def foreign(self, url: str) -> set[str]:
        """Return the addresses that were asked for outside of ``url``."""
        return {asked for asked in self.asked if not asked.startswith((f"{url}/", "data:"))}

    def _hear(self, line: str) -> None:
        if self.expected is None or self.expected not in line:
            self.said.append(line)

    def _note(self, request: Request) -> None:
        self.asked.add(request.url)
