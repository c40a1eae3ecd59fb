"""No page is forgotten where all of them are looked at."""

from shared.db import Database
from tests.integration.pages.site import Site
from tests.support.every_page import NO_PAGES, asked_endpoints, every_page
from tests.support.full import fill


def test_every_page_is_in_the_list(site: Site, db: Database) -> None:
    """An endpoint is that of a page, and listed with addresses that work, or of something else."""
    pages = every_page(fill(db))
    assert asked_endpoints(site.client.application) == NO_PAGES | set(pages)  # type: ignore[arg-type]
    assert not NO_PAGES & set(pages)
    for path in (path for paths in pages.values() for path in paths):
        answer = site.get(path).answer
        assert (answer.status_code, answer.mimetype) == (200, "text/html"), path


def test_what_is_no_page_is_not_called_one(site: Site) -> None:
    """What the list leaves out has an address that ends like a file's, or is a stream."""
    app = site.client.application
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint in NO_PAGES]
    assert rules
    for rule in rules:
        assert "." in rule.rule or rule.rule.endswith("/stream"), rule.rule
