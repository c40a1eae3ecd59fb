"""Corpora and their versions: addressed by hash, in any script, kept while a job needs them."""

import io
from hashlib import sha256

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.models import Corpus
from shared.corpora.queries import get_corpus, get_version, list_corpora, version_text
from shared.corpora.services import (
    LEAST_CHARACTERS,
    NewText,
    add_version,
    delete_corpus,
    store_text,
)
from shared.db import Database
from shared.errors import CorpusTooShort, EmptyCorpus, InUse, NotFound, NotText
from shared.ids import new_id
from shared.jobs.models import Job
from tests.support.factories import make_corpus, make_team, make_training_job, stored_text
from tests.support.texts import PROSE

CHINESE = PROSE["simplified Chinese"][1] * 3


def upload(db: Database, corpus: Corpus, text: str) -> Corpus:
    """Add ``text`` as a version."""
    stored = stored_text(db, text)
    with db.write() as session:
        return add_version(session, DEFAULT_TEAM_ID, corpus.id, stored)


@pytest.mark.parametrize(
    "text", [CHINESE, "🙂🙃 ok 👩‍👩‍👧 \U0001f1ec\U0001f1f7\n" * 20, "नमस्ते दुनिया\n" * 9]
)
def test_any_script_is_kept_as_it_is(db: Database, text: str) -> None:
    """Characters are code points, and the text comes back byte for byte."""
    version = make_corpus(db, text).latest_version
    assert b"".join(version_text(db, version)).decode() == text
    assert (version.characters, version.vocabulary) == (len(text), "".join(sorted(set(text))))
    assert version.sha256 == sha256(text.encode()).hexdigest()
    assert version.vocabulary_size == len(set(text))


def test_another_text_is_another_version(db: Database) -> None:
    """Versions are numbered, and the newest is the latest."""
    corpus = upload(db, make_corpus(db), "A longer text.\n" * 20)
    assert [version.number for version in corpus.versions] == [1, 2]
    assert corpus.latest_version.number == 2


def test_the_same_text_is_the_same_version(db: Database) -> None:
    """Uploading it again adds nothing."""
    corpus = make_corpus(db, CHINESE)
    assert [version.number for version in upload(db, corpus, CHINESE).versions] == [1]


def test_the_same_text_in_two_corpora_is_stored_once(db: Database) -> None:
    """Each corpus has its version; the bytes are shared."""
    one, two = make_corpus(db, name="one"), make_corpus(db, name="two")
    assert one.latest_version.id != two.latest_version.id
    assert one.latest_version.blob_id == two.latest_version.blob_id


def test_the_report_tells_of_a_found_encoding(db: Database) -> None:
    """A text that was not UTF-8 says how it was read."""
    data = PROSE["Russian"][1].encode("koi8-r")
    report = store_text(db, NewText(io.BytesIO(data), "upload")).report
    assert report.encoding == "koi8_r"
    assert report.notes == ["not UTF-8: read as koi8_r, which was found by detection"]


def test_a_declared_encoding_is_no_news(db: Database) -> None:
    """UTF-16 with its mark is read without a note."""
    data = ("Just a text.\n" * 9).encode("utf-16")
    assert store_text(db, NewText(io.BytesIO(data), "upload")).report.notes == []


@pytest.mark.parametrize("text", ["", "\x00", "\ufeff"])
def test_an_empty_text_is_refused(db: Database, text: str) -> None:
    """Empty is what nothing is left of."""
    with pytest.raises(EmptyCorpus):
        stored_text(db, text)


def test_a_text_that_no_spec_could_use_is_refused(db: Database) -> None:
    """The message names the length and the least."""
    with pytest.raises(CorpusTooShort, match=f"2 characters.*{LEAST_CHARACTERS}"):
        stored_text(db, "ab")
    assert stored_text(db, "abc").report.characters == LEAST_CHARACTERS


def test_bytes_that_are_no_text_store_nothing(db: Database) -> None:
    """The refusal comes before the first chunk is written."""
    with pytest.raises(NotText):
        store_text(db, NewText(io.BytesIO(b"\x89PNG\r\n\x1a\n\x00"), "upload"))


def test_a_strangers_corpus_does_not_exist(db: Database) -> None:
    """Another team sees neither the corpus nor its version."""
    corpus, stranger = make_corpus(db), make_team(db)
    with db.read() as session:
        assert list_corpora(session, stranger).data == []
        with pytest.raises(NotFound):
            get_corpus(session, stranger, corpus.id)
        with pytest.raises(NotFound):
            get_version(session, stranger, corpus.latest_version.id)


@pytest.mark.parametrize("unknown", ["", "1", "not-an-id", "00000000-0000-7000-8000-000000000002"])
def test_an_unknown_id_names_nothing(db: Database, unknown: str) -> None:
    """Malformed ids are answered as unknown ones, on every database."""
    with db.read() as session:
        with pytest.raises(NotFound):
            get_corpus(session, DEFAULT_TEAM_ID, unknown)
        with pytest.raises(NotFound):
            get_version(session, DEFAULT_TEAM_ID, unknown)


def test_corpora_come_newest_first_with_their_versions(db: Database) -> None:
    """A list can be shown without asking again."""
    made = [make_corpus(db, name=f"corpus {n}") for n in range(3)]
    upload(db, made[0], CHINESE)
    with db.read() as session:
        page = list_corpora(session, DEFAULT_TEAM_ID, limit=2)
        rest = list_corpora(session, DEFAULT_TEAM_ID, after=page.data[-1].id)
    found = [corpus.name for corpus in (*page.data, *rest.data)]
    assert found == ["corpus 2", "corpus 1", "corpus 0"]
    assert (page.has_more, rest.has_more) == (True, False)
    assert rest.data[0].latest_version.number == 2


def test_a_corpus_that_a_job_reads_is_kept(db: Database) -> None:
    """Deleting it is refused with the reason."""
    corpus = make_corpus(db)
    make_training_job(db, corpus)
    with pytest.raises(InUse, match="1 job"), db.write() as session:
        delete_corpus(session, DEFAULT_TEAM_ID, corpus.id)


def test_a_corpus_that_nothing_reads_goes_with_its_versions(db: Database) -> None:
    """Neither it nor its versions are found again."""
    corpus = upload(db, make_corpus(db), CHINESE)
    with db.write() as session:
        delete_corpus(session, DEFAULT_TEAM_ID, corpus.id)
    with db.read() as session:
        assert session.get(Corpus, corpus.id) is None
        with pytest.raises(NotFound):
            get_version(session, DEFAULT_TEAM_ID, corpus.versions[0].id)


def test_deleting_an_unknown_corpus_is_refused(db: Database) -> None:
    """There is no such thing; nothing is deleted."""
    with pytest.raises(NotFound), db.write() as session:
        delete_corpus(session, DEFAULT_TEAM_ID, new_id())


def test_another_corpus_job_does_not_keep_this_one(db: Database) -> None:
    """Only jobs on the corpus' own versions count, also when the bytes are shared."""
    one, two = make_corpus(db, name="one"), make_corpus(db, name="two")
    job = make_training_job(db, one)
    with db.write() as session:
        delete_corpus(session, DEFAULT_TEAM_ID, two.id)
    with db.read() as session:
        assert session.get_one(Job, job.id).corpus_version_id == one.latest_version.id
