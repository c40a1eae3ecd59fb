"""A page shows a place in a corpus' text, and pages on from there."""

import re

import pytest

from shared.corpora.models import Corpus
from shared.db import Database
from tests.integration.pages.site import Site
from tests.support.factories import make_corpus

TEXT = "".join(f"line {number} of a text, <b>及</b>\n" for number in range(1, 1001))
STRETCH = "line 500 of a text"


@pytest.fixture
def corpus(db: Database) -> Corpus:
    """A corpus with a thousand lines."""
    return make_corpus(db, TEXT, "lines")


def test_a_stretch(site: Site, corpus: Corpus) -> None:
    """It is marked, with the text around it, its line, and a way back."""
    at = TEXT.index(STRETCH)
    page = site.get(f"/corpora/{corpus.id}/read?version=1&at={at}&length={len(STRETCH)}")
    assert page.status == 200
    assert f'<mark id="place">{STRETCH}</mark>' in page.html
    assert "Line 500" in page.text
    assert "line 490 of" in page.text
    assert "line 510 of" in page.text
    assert "line 400 of" not in page.text
    assert f'href="/corpora/{corpus.id}"' in page.html


def test_reading_on_to_the_end(site: Site, corpus: Corpus) -> None:
    """From 'Read on' the pages join into the whole text, and lead back again."""
    page = site.get(f"/corpora/{corpus.id}")
    assert "How it begins line 1 of a text" in page.text
    start = re.search(r'href="([^"]*/read[^"]*)"', page.html)
    assert start
    path, read = start[1].replace("&amp;", "&"), ""
    while path:
        page = site.get(path)
        shown = re.search(r'<pre class="text text-whole"[^>]*><span>(.*?)</span></pre>',
                          page.html, re.DOTALL)  # fmt: skip
        assert shown
        read += shown[1]
        onward = re.search(r'rel="next" href="([^"]+)"', page.html)
        path = onward[1].replace("&amp;", "&") if onward else ""
    assert read == TEXT.replace("<", "&lt;").replace(">", "&gt;")
    assert 'rel="prev"' in page.html


@pytest.mark.parametrize(
    "query", ["at=-5", "at=99999999999999999999", "at=x&length=y", "length=-1"]
)
def test_odd_places(site: Site, corpus: Corpus, query: str) -> None:
    """A place outside the text is the nearest one inside it."""
    assert site.get(f"/corpora/{corpus.id}/read?{query}").status == 200


def test_a_version_that_is_not_there(site: Site, corpus: Corpus) -> None:
    """404 naming it."""
    page = site.get(f"/corpora/{corpus.id}/read?version=7")
    assert page.status == 404
    assert "7" in page.text
