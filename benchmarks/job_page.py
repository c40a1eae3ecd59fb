"""Does the page of a long run open at once?

A training job with 500 epochs, a sample at each of three temperatures after every one, in a SQLite
database; the web server as the service runs it, and a real Chromium that keeps nothing between two
visits. Opening ends when the page has loaded and its chart is drawn; while the server works, the
browser waits. Then every page is weighed as it is sent, with all that it loads.

python benchmarks/job_page.py [--epochs 500] [--times 9]
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from pairs import Figure, at_most, finish
from playwright.sync_api import Browser, Page, StorageState
from web_servers import serving_charloom
from workbench import Workbench, workbench

from tests.e2e.browser.chromium import running_chromium
from tests.support.every_page import every_page
from tests.support.factories import make_corpus
from tests.support.full import fill
from tests.support.runs import Shape, make_run
from tests.support.servers import running_redis
from tests.support.signing_in import signed_in_state

# The API's page is Swagger UI as its authors pack it, which is larger than all limits.
CHARTED = ("pages.jobs.show", "pages.compare.show")
SECONDS, PLAIN_KB, CHART_KB = 1.0, 150.0, 400.0
# What has come over the wire for a page, with its headers, in bytes.
WEIGHT = """() => performance.getEntriesByType('navigation')
    .concat(performance.getEntriesByType('resource'))
    .filter((entry) => !/live.json|stream/.test(entry.name))
    .reduce((sum, entry) => sum + entry.transferSize, 0)"""


@dataclass(frozen=True)
class Visitor:
    """Somebody who is signed in to a service, in a browser that keeps nothing else."""

    browser: Browser
    url: str
    state: StorageState


def main() -> None:
    """Print how long opening takes, and what pages weigh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--times", type=int, default=9)
    args = parser.parse_args()
    with workbench() as bench, running_redis() as redis_url:
        paths = filled(bench, args.epochs)
        with serving_charloom(bench, redis_url) as server, running_chromium() as browser:
            state = signed_in_state(browser, server.url, bench.settings.database_url)
            visitor = Visitor(browser, server.url, state)
            opened(visitor, paths["job"])
            seconds = [opened(visitor, paths["job"]) for _ in range(args.times)]
            figures = [
                at_most(f"opening the page of a run of {args.epochs} epochs", "s", seconds,
                        SECONDS, "limit: 1 s in the median", held=median),
                *(heaviest(visitor, kind, paths[kind]) for kind in ("job", "compare")),
                plain(visitor, paths),
            ]  # fmt: skip
    finish(*figures)


def filled(bench: Workbench, epochs: int) -> dict[str, str]:
    """Fill the database; return the addresses of pages."""
    corpus = make_corpus(bench.db)
    job, _ = make_run(bench.db, corpus, Shape(epochs))
    other, _ = make_run(bench.db, corpus, Shape(20), name="another")
    return {
        "job": f"/jobs/{job.id}",
        "compare": f"/compare?job={job.id}&job={other.id}",
        "samples": f"/jobs/{job.id}/samples",
        "epochs": f"/jobs/{job.id}/epochs",
        **every_plain_page(bench),
    }


def every_plain_page(bench: Workbench) -> dict[str, str]:
    """Fill the database with something of everything; return pages without a chart."""
    pages = every_page(fill(bench.db))
    return {name: paths[0] for name, paths in pages.items() if name not in CHARTED}


@contextmanager
def fresh_page(visitor: Visitor) -> Iterator[Page]:
    """Yield a page of a browser that has nothing in its memory but the session."""
    context = visitor.browser.new_context(base_url=visitor.url, storage_state=visitor.state)
    yield context.new_page()
    context.close()


def opened(visitor: Visitor, path: str) -> float:
    """Return the seconds until the page has loaded and its chart stands there."""
    with fresh_page(visitor) as page:
        page.goto(path, wait_until="load")
        page.locator("#loss-chart").wait_for()
        return float(page.evaluate("() => performance.now()")) / 1000


def weight(visitor: Visitor, path: str) -> float:
    """Return the KB that a page takes to load, as sent."""
    with fresh_page(visitor) as page:
        page.goto(path, wait_until="load")
        page.wait_for_timeout(300)
        return float(page.evaluate(WEIGHT)) / 1000


def heaviest(visitor: Visitor, kind: str, path: str) -> Figure:
    """Return the weight of a page with a chart."""
    return at_most(f"weight of the {kind} page, as sent", "KB", [weight(visitor, path)],
                   CHART_KB, "limit: 400 KB with a chart")  # fmt: skip


def plain(visitor: Visitor, paths: dict[str, str]) -> Figure:
    """Return the weight of the heaviest page without a chart."""
    others = {name: path for name, path in paths.items() if name not in ("job", "compare")}
    weights = {name: weight(visitor, path) for name, path in others.items()}
    for name, kilobytes in weights.items():
        print(f"{name}: {kilobytes:.0f} KB", flush=True)
    worst = max(weights, key=lambda name: weights[name])
    return at_most("weight of the heaviest page without a chart", "KB", [weights[worst]],
                   PLAIN_KB, f"limit: 150 KB; {worst}")  # fmt: skip


if __name__ == "__main__":
    main()
