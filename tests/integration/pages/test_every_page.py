"""No page is forgotten where all of them are looked at."""

from collections.abc import Mapping

from shared.db import Database
from tests.conftest import database_url  # noqa: F401  (what pages ask of both databases)
from tests.integration.pages.conftest import MakeSite
from tests.integration.pages.site import Site
from tests.support.every_page import NO_PAGES, asked_endpoints, every_page, signed_out
from tests.support.full import fill
from tests.support.signing_in import VISITOR, make_user


def test_every_page_is_in_the_list(make_site: MakeSite, db: Database) -> None:
    """An endpoint is that of a page, and listed with addresses that work, or of something else."""
    make_user(db, VISITOR, admin=True)
    site, full = make_site(), fill(db)
    pages, out = every_page(full), signed_out(full)
    known = [NO_PAGES, set(pages), set(out)]
    assert asked_endpoints(site.client.application) == set().union(*known)  # type: ignore[arg-type]
    assert sum(map(len, known)) == len(set().union(*known)), "each is one of the three"
    check_all(site, pages)
    site.client.delete_cookie("session")
    check_all(site, out)


def check_all(site: Site, pages: Mapping[str, list[str]]) -> None:
    """Expect a page at every address."""
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
