"""What every test of the pages does by hand."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

TEXT = "千里之行，始于足下。\nA journey of a thousand miles begins under one's feet.\n" * 1200
RUN_MS = 120_000
NO_SCROLL = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def add_text(page: Page, folder: Path, name: str) -> None:
    """Upload the text through the form."""
    file = folder / "text.txt"
    file.write_text(TEXT, encoding="utf-8")
    page.goto("/corpora/new")
    page.get_by_label("Name").fill(name)
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Add the corpus").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def download(page: Page, link: Locator, folder: Path) -> Path:
    """Click a link that downloads; return the file."""
    with page.expect_download() as waiting:
        link.click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def faults(page: Page) -> list[str]:
    """Return what axe finds on the page, in light and in dark."""
    found: list[str] = []
    for scheme in ("light", "dark"):
        # A button's colours change slowly else, and are looked at on their way.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        violations = Axe().run(page).response["violations"]
        found += [f"{scheme}: {v['id']} {v['nodes'][0]['html']}" for v in violations]
    return found
