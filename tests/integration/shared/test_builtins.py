"""The built-in texts: one fetched from an address, one that every Python carries."""

import threading
import time
from collections.abc import Iterator
from hashlib import sha256

import pytest

from shared.corpora import sources
from shared.corpora.cleaning import Cleaning
from shared.corpora.services import builtin_text, store_text
from shared.corpora.sources import Builtin, open_builtin, python_reference
from shared.db import Database
from shared.errors import SourceUnavailable
from shared.settings import Settings, load_settings
from tests.support.servers import free_port
from tests.support.web import drips, hangs, sends, serving

PLAY = b"First Citizen:\nBefore we proceed any further, hear me speak.\n" * 20


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over, so that the server's threads end."""
    event = threading.Event()
    yield event
    event.set()


def at(url: str, most: int = 10_000) -> Settings:
    """Return settings whose Shakespeare comes from ``url`` within a second."""
    return load_settings(
        shakespeare_url=url, fetch_seconds=1, max_upload_bytes=most, private_addresses=True
    )


@pytest.fixture
def _expecting_the_play(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Builtin("shakespeare", "", sha256(PLAY).hexdigest())
    monkeypatch.setitem(sources.BUILTINS, "shakespeare", expected)


@pytest.mark.usefixtures("_expecting_the_play")
def test_the_expected_text_is_taken_without_a_note(db: Database) -> None:
    """The bytes of the article's text are nothing to speak of."""
    with serving(sends(PLAY)) as url:
        stored = store_text(db, builtin_text("shakespeare", at(url), Cleaning()))
    assert (stored.blob.sha256, stored.report.notes) == (sha256(PLAY).hexdigest(), [])
    assert stored.source == "builtin:shakespeare"


@pytest.mark.usefixtures("_expecting_the_play")
def test_another_text_is_taken_but_noted(db: Database) -> None:
    """Both hashes are in the report: what came and what was expected."""
    other = b"Another play.\n" * 30
    with serving(sends(other)) as url:
        stored = store_text(db, builtin_text("shakespeare", at(url), Cleaning()))
    (note,) = stored.report.notes
    assert sha256(other).hexdigest() in note
    assert sha256(PLAY).hexdigest() in note


@pytest.mark.usefixtures("_expecting_the_play")
def test_a_cleaned_text_is_not_compared(db: Database) -> None:
    """Who asks for lower case does not get the expected bytes, rightly."""
    with serving(sends(PLAY)) as url:
        stored = store_text(db, builtin_text("shakespeare", at(url), Cleaning(lowercase=True)))
    assert stored.report.notes == []


def test_a_missing_text_names_the_status() -> None:
    """The message has the address, the reason, and what to do instead."""
    with serving(sends(b"gone", 404)) as url, pytest.raises(SourceUnavailable) as caught:
        open_builtin("shakespeare", at(url))
    assert url in str(caught.value)
    assert "404" in str(caught.value)
    assert "python-reference" in str(caught.value)


def test_a_refused_connection_says_so() -> None:
    """Nobody listens there: no wait, and a plain message."""
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(SourceUnavailable, match=r"did not give the text.*refused"):
        open_builtin("shakespeare", at(url))


def test_a_hanging_server_is_given_up(over: threading.Event) -> None:
    """The wait ends with the seconds that the settings allow, and the message says why."""
    began = time.monotonic()
    with serving(hangs(over)) as url:
        with pytest.raises(SourceUnavailable, match="timed out"):
            open_builtin("shakespeare", at(url))
        over.set()
    assert time.monotonic() - began < 4


def test_a_dripping_server_is_given_up(over: threading.Event) -> None:
    """A byte now and then does not keep a request waiting for ever."""
    began = time.monotonic()
    with serving(drips(over)) as url:
        with pytest.raises(SourceUnavailable, match=r"timed out|too slow"):
            open_builtin("shakespeare", at(url))
        over.set()
    assert time.monotonic() - began < 4


def test_too_large_a_text_names_the_limit() -> None:
    """The rest is not read."""
    with (
        serving(sends(b"x" * 2_000_000)) as url,
        pytest.raises(SourceUnavailable, match="2,000,000 bytes; at most 10,000"),
    ):
        open_builtin("shakespeare", at(url))


@pytest.mark.parametrize("url", ["not a url", "ftp://127.0.0.1/x", "http://[::1/"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """A mistyped setting gives a message, not a traceback."""
    with pytest.raises(SourceUnavailable, match="upload the text instead"):
        open_builtin("shakespeare", at(url))


def test_python_carries_a_text_of_its_own() -> None:
    """It is long enough for the seed recipe, and the same each time."""
    text = python_reference()
    assert text == python_reference()
    assert len(text) > 300_000
    assert "\r" not in text


def test_the_python_reference_needs_no_network(db: Database) -> None:
    """It is stored as any text, without a note."""
    nowhere = at("http://127.0.0.1:1/")
    stored = store_text(db, builtin_text("python-reference", nowhere, Cleaning()))
    assert stored.report.notes == []
    assert stored.report.characters == len(python_reference())
