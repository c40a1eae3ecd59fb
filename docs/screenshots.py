"""Takes the pictures of the README: a model is really trained, and writes what the pictures show.

python docs/screenshots.py [--every FOLDER]

It starts the service with a data folder that it deletes in the end, trains on Shakespeare (on
Python's reference where that does not come), and replaces ``docs/images/*.png``. With ``--every``
it does something else: it takes a picture of every page, over made-up records, in both themes,
widths and languages, into a folder, to be looked at.
"""

import argparse
import base64
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, expect
from rich.console import Console

import migrations
from cli.demo import running_stack, take_text
from cli.folder import open_folder
from cli.progress import Watcher
from shared import tables  # noqa: F401  (fills the metadata)
from shared.db import Database
from shared.queue import FakeTickets
from tests.e2e.browser.chromium import running_chromium
from tests.support.every_page import every_page, signed_out
from tests.support.full import fill
from tests.support.signing_in import make_user, signed_in_state
from tests.support.web_server import running_web

IMAGES = Path(__file__).parent / "images"
SIZES = {"desktop": (1280, 900), "phone": (375, 720)}
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
LOCALES = ("en", "zh-CN")
MOST_BYTES = 300_000
# The job's page is shown down to its samples.
SCALE = 2
TALL: ViewportSize = {"width": 1280, "height": 1500}
WAIT_MS = 60_000
# Long enough for words and lines, short enough to wait for: a minute or two on two cores.
TRAINED: dict[str, Any] = {
    "preset": "fast",
    "epochs": 10,
    "max_windows": 10_000,
    "sample_length": 300,
    "name": "Shakespeare",
}
# The browser reads its own picture.
PIXELS = """async ([png, width, height]) => {
    const bytes = Uint8Array.from(atob(png), (one) => one.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const { data } = canvas.getImageData(0, 0, width, height);
    let binary = "";
    for (let at = 0; at < data.length; at += 30000)
        binary += String.fromCharCode(...data.subarray(at, at + 30000));
    return btoa(binary);
}"""
BEGINNING = "Enter ROMEO.\n\nROMEO:\nWhat light"


def main() -> None:
    """Take the README's pictures, or those of every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=Path, metavar="FOLDER")
    every = parser.parse_args().every
    with tempfile.TemporaryDirectory() as folder, running_chromium() as browser:
        if every:
            take_every(browser, Path(folder), every)
        else:
            take_two(browser, Path(folder))


def take_two(browser: Browser, folder: Path) -> None:
    """Train, then take the pictures of the job's page and of the writing desk."""
    console = Console(highlight=False)
    with running_stack(open_folder(folder / "data"), console) as client:
        corpus = take_text(client, console)
        job = client.train(corpus["id"], **TRAINED)
        Watcher(client, console).watch(job)
        for sample in client.rows(job["id"], "samples")[-2:]:
            client.star(sample["id"])
        best = client.best_checkpoint(job["id"])["id"]
        state = signed_in_state(browser, client.url, f"sqlite:///{folder}/data/charloom.db")
        with opened(browser, client.url, state, scale=SCALE) as page:
            write_at_the_desk(page, best)
            keep(page, IMAGES / "desk.png")
            page.set_viewport_size(TALL)
            page.goto(f"/jobs/{job['id']}")
            expect(page.locator("canvas")).to_be_visible()
            keep(page, IMAGES / "training.png")


def write_at_the_desk(page: Page, checkpoint: str) -> None:
    """Let the model go on with a beginning; colour what it wrote by surprise."""
    page.goto(f"/desk?checkpoint={checkpoint}")
    page.get_by_label("Your text").fill(BEGINNING)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#told")).to_contain_text("200 characters", timeout=WAIT_MS)
    page.get_by_label("Colour by surprise").check()
    expect(page.locator("#bits")).to_contain_text("bits a character", timeout=WAIT_MS)
    expect(page.locator("#choices")).to_have_attribute("aria-busy", "false", timeout=WAIT_MS)


def keep(page: Page, path: Path) -> None:
    """Take a picture of what a window shows. Raises ``SystemExit`` where it is too large."""
    path.parent.mkdir(exist_ok=True)
    # The chart has come to rest.
    page.wait_for_timeout(1500)
    path.write_bytes(with_a_palette(*pixels(page, page.screenshot())))
    if (size := path.stat().st_size) > MOST_BYTES:
        raise SystemExit(f"{path} has {size:,} bytes; at most {MOST_BYTES:,}")


def pixels(page: Page, png: bytes) -> tuple[int, int, bytes]:
    """Return a picture's width, height, and four bytes a pixel."""
    width, height = struct.unpack(">II", png[16:24])
    data = page.evaluate(PIXELS, [base64.b64encode(png).decode(), width, height])
    return width, height, base64.b64decode(data)


def with_a_palette(width: int, height: int, rgba: bytes) -> bytes:
    """Return a PNG file of the 256 most frequent colours; all others become the nearest of them."""
    flat = np.frombuffer(rgba, np.uint8).reshape(-1, 4)[:, :3].astype(np.int32)
    packed = flat @ np.array([1 << 16, 1 << 8, 1])
    colours, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    every = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    palette = every[np.argsort(-counts)[:256]]
    nearest = ((every[:, None] - palette[None]) ** 2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = nearest[places].reshape(height, width)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", palette.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a part of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def take_every(browser: Browser, folder: Path, target: Path) -> None:
    """Take a picture of every page in each theme, width and language."""
    url = f"sqlite:///{folder}/charloom.db"
    migrations.upgrade(url)
    database = Database(url, FakeTickets())
    make_user(database, "admin", admin=True)
    full = fill(database)
    database.close()
    with running_web(url, folder / "web.log") as service:
        state = signed_in_state(browser, service, url)
        for locale, (width, size), theme in product(LOCALES, SIZES.items(), THEMES):
            for kept, pages in ((state, every_page(full)), (None, signed_out(full))):
                with opened(browser, service, kept, locale, size, theme) as page:
                    for name, path in named(pages):
                        page.goto(path)
                        page.screenshot(
                            path=target / f"{name}-{width}-{theme}-{locale}.png", full_page=True
                        )


def named(pages: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Yield a name for the picture of each page, and the page's address."""
    for endpoint, paths in pages.items():
        for number, path in enumerate(paths, start=1):
            yield f"{endpoint.removeprefix('pages.')}-{number}", path


@contextmanager
def opened(
    browser: Browser, url: str, state: StorageState | None, locale: str = "en",
    size: tuple[int, int] = SIZES["desktop"], theme: Theme = "light", scale: float = 1,
) -> Iterator[Page]:  # fmt: skip
    """Yield a page of a browser of its own; without a state nobody is signed in."""
    context = browser.new_context(
        base_url=url, locale=locale, viewport={"width": size[0], "height": size[1]},
        color_scheme=theme, device_scale_factor=scale, reduced_motion="reduce",
        storage_state=state,
    )  # fmt: skip
    yield context.new_page()
    context.close()


if __name__ == "__main__":
    main()
