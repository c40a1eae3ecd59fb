"""The doctor's report stands on a corpus' page as soon as the text is there."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import null, update

from shared.corpora.models import CorpusVersion
from shared.db import Database
from tests.integration.pages.site import Page, Site
from tests.support.factories import TEXT, do, make_corpus

ODD = TEXT + "\u200b\u00a0☃ & ☂\n" + "The same paragraph stands here twice, as copies do.\n\n" * 2


def uploaded(site: Site) -> Page:
    """Upload a text with all that can be odd; its corpus' page."""
    return site.get(site.upload("/corpora/new", ODD.encode(), name="odd").location)


def test_findings_right_after_the_upload(site: Site) -> None:
    """Warnings and notes, rare and invisible characters, what stands there twice."""
    page = uploaded(site)
    assert "characters are very few" in page.text
    assert "characters are rare" in page.text
    assert "☃ ☂" in page.text or "☂ ☃" in page.text
    assert "U+200B zero width space" in page.text
    assert "What stands in it more than once" in page.text


def test_a_finding_leads_to_its_place(site: Site) -> None:
    """The first invisible character is marked where it stands."""
    page = uploaded(site)
    places = re.findall(r'href="([^"]+/read[^"]*at=\d+&amp;length=\d+)"', page.html)
    shown = site.get(unescape(places[0]))
    assert re.search(r'<mark id="place">[\u200b\u00a0]</mark>', shown.html)


def test_the_recommendation_fills_in_the_form(site: Site) -> None:
    """Sizes and time, and a button to the form with preset and fields."""
    page = uploaded(site)
    assert re.search(r"Learned from [\d,]+ characters Held out to judge by [\d,]+ char", page.text)
    link = re.search(r'href="(/training/new[^"]*)">Train with this', page.html)
    assert link
    asked = parse_qs(urlsplit(unescape(link[1])).query)
    assert asked["preset"] == ["fast"]
    assert int(asked["units"][0]) < 128
    form = site.get(unescape(link[1]))
    assert form.checked("preset") == "fast"


def test_an_older_version(site: Site, db: Database) -> None:
    """Each version has its own report; one from before there was a doctor says so."""
    corpus = make_corpus(db)
    site.upload(f"/corpora/{corpus.id}/versions/new", ODD.encode())
    do(db, lambda s: s.execute(
        update(CorpusVersion).where(CorpusVersion.number == 1).values(examination=null())
    ))  # fmt: skip
    assert "U+200B" in site.get(f"/corpora/{corpus.id}").text
    old = site.get(f"/corpora/{corpus.id}?version=1")
    assert "U+200B" not in old.text
    assert "taken in before texts were looked at" in old.text
    link = re.search(r'href="(/training/new[^"]*)">Train with this', old.html)
    assert link
    assert "version=" in link[1]
    assert site.get(f"/corpora/{corpus.id}?version=3").status == 404


def test_a_script_is_told_as_json(site: Site) -> None:
    """Where the text is, or what is wrong beside which field; nothing is shown twice."""
    json = {"Accept": "application/json"}
    fields = {"csrf_token": site.token("/corpora/new"), "source": "text", "name": "n"}
    done = site.client.post("/corpora/new", data=fields | {"text": TEXT}, headers=json)
    assert done.status_code == 201
    assert "n is here" in site.get(done.get_json()["location"]).text
    refused = site.client.post("/corpora/new", data=fields | {"text": ""}, headers=json)
    assert refused.status_code == 422
    assert "empty" in refused.get_json()["errors"]["text"]
