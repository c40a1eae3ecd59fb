"""Adding texts by the form: three ways, and each refusal beside its field."""

import io
import re

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.models import Corpus
from shared.corpora.queries import get_corpus, list_corpora
from shared.db import Database
from tests.integration.pages.conftest import MakeSite
from tests.integration.pages.site import Page, Site
from tests.support.factories import TEXT, make_corpus, make_training_job
from tests.support.web import sends, serving

NEW = "/corpora/new"


def stored(db: Database) -> list[Corpus]:
    """Return the corpora."""
    with db.read() as session:
        return list_corpora(session, DEFAULT_TEAM_ID).data


def refused(page: Page, field: str, status: int = 422) -> str:
    """Return what stands beside the one field that was refused."""
    assert page.status == status
    assert page.errors() == {field}
    return page.error(field) or ""


def test_upload(site: Site, db: Database) -> None:
    """A file becomes a corpus, and its page says what was found."""
    page = site.upload(NEW, b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode(), name="times")
    assert page.status == 303
    shown = site.get(page.location)
    assert "times is here" in shown.text
    assert "40 line ends of other systems were made plain ones." in shown.text
    assert f"{len(TEXT):,}" in shown.text
    assert "It was the best of times" in shown.text


def test_paste(site: Site, db: Database) -> None:
    """A pasted text is stored as it was, not with the newlines that browsers send."""
    page = site.submit(NEW, source="text", name="pasted", text=TEXT.replace("\n", "\r\n"))
    assert page.status == 303
    assert "Nothing had to be repaired." in site.get(page.location).text
    assert stored(db)[0].latest_version.characters == len(TEXT)


def test_built_in(site: Site, db: Database) -> None:
    """A built-in text is named by itself."""
    page = site.submit(NEW, source="builtin", builtin="python-reference")
    assert page.status == 303
    assert stored(db)[0].name == "python-reference"
    assert stored(db)[0].latest_version.source == "builtin:python-reference"


def test_a_file_gives_the_name(site: Site, db: Database) -> None:
    """Without a name a corpus is called as its file, without folder and ending."""
    site.upload(NEW, TEXT.encode(), "notes/红楼梦.txt", name=" ")
    assert stored(db)[0].name == "红楼梦"


def test_cleaning(site: Site, db: Database) -> None:
    """The three choices reach the cleaning, and the page says what they did."""
    text = "E\u0301 A  B\n" * 50
    page = site.submit(
        NEW, source="text", name="n", text=text, lowercase="yes", nfc="yes", squeeze="yes"
    )
    words = site.get(page.location).text
    assert "All letters were made lower case; its length stayed the same." in words
    assert "Characters were composed (Unicode NFC); the text is 50 characters shorter." in words
    assert "Rows of blanks were squeezed; the text is 50 characters shorter." in words


def test_not_text(site: Site, db: Database) -> None:
    """422 naming the first bad byte; name and choices are kept."""
    page = site.upload(NEW, b"good\xff\xfe\x00\x01bad" * 20, name="binary", squeeze="yes")
    assert "Byte 4" in refused(page, "file")
    assert page.value("name") == "binary"
    assert page.checked("squeeze") == "yes"
    assert page.checked("source") == "file"
    assert stored(db) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [("file", "Choose a file"), ("text", "empty"), ("url", "Type an address"),
     ("builtin", "Choose a built-in text")],
)  # fmt: skip
def test_nothing_given(site: Site, source: str, words: str) -> None:
    """422 beside what is to be given, not beside the name, which may be made of it."""
    page = site.submit(NEW, source=source, name="", file=(io.BytesIO(), ""))
    assert words in refused(page, source)


@pytest.mark.parametrize(("text", "words"), [("", "empty"), ("ab", "2 characters")])
def test_too_little_text(site: Site, text: str, words: str) -> None:
    """422 beside the field that the text came in; what was typed is kept."""
    page = site.submit(NEW, source="text", name="short", text=text)
    assert words in refused(page, "text")
    assert (page.value("name"), page.value("text")) == ("short", text)
    assert words in refused(site.upload(NEW, text.encode(), name="short"), "file")


def test_too_large(make_site: MakeSite) -> None:
    """413 naming the limit; the name, which stands before the file, is kept."""
    page = make_site(max_upload_bytes=3000).upload(NEW, b"x" * 5000, name="much 太大")
    assert "3,000 bytes" in refused(page, "file", 413)
    assert page.value("name") == "much 太大"


def test_too_large_is_not_read(make_site: MakeSite) -> None:
    """Of an upload that is too large only the head is read."""
    body = io.BytesIO(b"x" * 1_000_000)
    answer = make_site(max_upload_bytes=1000).client.post(
        NEW,
        content_type="multipart/form-data; boundary=b",
        environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": "1000000"},
    )
    assert answer.status_code == 413
    assert body.tell() <= 16 * 1024


def test_too_large_a_paste(make_site: MakeSite) -> None:
    """413 beside the text area."""
    site = make_site(max_upload_bytes=3000)
    nothing = (io.BytesIO(), "")
    page = site.submit(NEW, name="much", source="text", text="x" * 5000, file=nothing)
    assert "3,000 bytes" in refused(page, "text", 413)
    assert page.value("name") == "much"


def test_no_file(site: Site) -> None:
    """422: a file must be chosen, also where the browser sends an empty part."""
    refused(site.submit(NEW, source="file", name="n"), "file")
    refused(site.submit(NEW, source="file", name="n", file=(io.BytesIO(b""), "")), "file")


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_bad_name(site: Site, name: str) -> None:
    """422 beside the name, which is kept with the text."""
    page = site.submit(NEW, source="text", name=name, text=TEXT)
    assert "200 characters" in refused(page, "name")
    assert page.value("name") == name
    assert page.value("text") == TEXT


def test_an_unknown_built_in(site: Site) -> None:
    """422 beside the built-in texts, naming them."""
    assert "shakespeare" in refused(site.submit(NEW, source="builtin", builtin="bible"), "builtin")


def test_a_source_that_does_not_answer(make_site: MakeSite) -> None:
    """422 with what to do instead."""
    site = make_site(shakespeare_url="http://127.0.0.1:1/shakespeare.txt")
    page = site.submit(NEW, source="builtin", builtin="shakespeare", name="kept")
    assert "upload the text instead" in refused(page, "builtin")
    assert page.value("name") == "kept"


def test_a_text_from_an_address(make_site: MakeSite) -> None:
    """Its name is the last part of the address, where none was typed."""
    site = make_site(private_addresses=True)
    with serving(sends(TEXT.encode())) as url:
        page = site.submit(NEW, source="url", url=f" {url}?a=b ", name="")
    shown = site.get(page.location)
    assert '<h1 translate="no">shakespeare</h1>' in shown.html
    assert url in shown.text


@pytest.mark.parametrize("url", ["", "http://127.0.0.1/a.txt", "http://[::1/a.txt", "x" * 3000])
def test_an_address_that_is_not_asked(site: Site, url: str) -> None:
    """422 beside the address, which is kept."""
    page = site.submit(NEW, source="url", url=url, name="n")
    refused(page, "url")
    assert page.value("url") == url


def test_versions(site: Site, db: Database) -> None:
    """A new text is a new version; the same one again is none."""
    corpus = make_corpus(db)
    form = f"/corpora/{corpus.id}/versions/new"
    assert "new version is here" in site.get(site.upload(form, b"another text " * 99).location).text
    assert "a version already" in site.get(site.upload(form, TEXT.encode()).location).text
    with db.read() as session:
        assert len(get_corpus(session, DEFAULT_TEAM_ID, corpus.id).versions) == 2
    refused(site.upload(form, b""), "file")


def test_download_of_the_text(site: Site, db: Database) -> None:
    """The cleaned text can be had."""
    corpus = make_corpus(db)
    assert site.get(f"/corpora/{corpus.id}/text.txt").html == TEXT


def test_deletion(site: Site, db: Database) -> None:
    """A corpus that no job reads is deleted; the page asks before."""
    corpus = make_corpus(db, name="gone soon")
    shown = site.get(f"/corpora/{corpus.id}")
    assert "deleted for good" in shown.text
    page = site.submit(f"/corpora/{corpus.id}/delete", f"/corpora/{corpus.id}")
    assert page.status == 303
    assert "gone soon is deleted" in site.get(page.location).text
    assert stored(db) == []


def test_deletion_refused(site: Site, db: Database) -> None:
    """409 on the corpus' own page, saying that jobs read it."""
    corpus = make_corpus(db)
    make_training_job(db, corpus)
    page = site.submit(f"/corpora/{corpus.id}/delete", f"/corpora/{corpus.id}")
    assert page.status == 409
    assert re.search(r"1 jobs? reads? this corpus", page.text)
