"""Corpora: upload, paste, built in; read, version, delete."""

import pytest

from shared.corpora.sources import python_reference
from shared.db import Database
from tests.integration.api.client import Api, field_error, ids, problem
from tests.integration.api.conftest import MakeApi
from tests.support.factories import make_corpus, make_team, make_training_job
from tests.support.web import sends, serving

TEXT = "Call me Ishmael. Some years ago\n"
CORPUS = {"id", "name", "created_at", "latest_version"}
VERSION = {
    *("id", "number", "sha256", "characters", "vocabulary_size"),
    *("source", "report", "created_at"),
}


def test_a_pasted_text_becomes_a_corpus(api: Api) -> None:
    """201 with its Location, all fields of the design, and times in UTC."""
    answer = api.post("/corpora", {"name": "Moby", "text": TEXT})
    assert answer.status_code == 201
    corpus = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/corpora/{corpus['id']}"
    assert corpus.keys() >= CORPUS
    assert corpus["latest_version"].keys() == VERSION
    assert corpus["latest_version"]["characters"] == len(TEXT)
    assert corpus["latest_version"]["vocabulary_size"] == len(set(TEXT))
    assert corpus["created_at"].endswith("Z")


def test_an_uploaded_file_becomes_a_corpus(api: Api) -> None:
    """The form's name and file are enough; the source says which file it was."""
    answer = api.upload("/corpora", TEXT.encode(), "moby.txt", name="Moby")
    version = answer.get_json()["latest_version"]
    assert (answer.status_code, version["number"]) == (201, 1)
    assert version["source"] == "upload:moby.txt"


def test_a_built_in_text_becomes_a_corpus(api: Api) -> None:
    """'python-reference' needs no network."""
    answer = api.post("/corpora", {"name": "Python", "builtin": "python-reference"})
    assert answer.status_code == 201
    assert answer.get_json()["latest_version"]["characters"] == len(python_reference())


def test_a_text_at_an_address_becomes_a_corpus(make_api: MakeApi) -> None:
    """The source says where it is from; the same address again is a version only if it changed."""
    api = make_api(private_addresses=True)
    with serving(sends(TEXT.encode())) as url:
        corpus = api.post("/corpora", {"name": "Moby", "url": url}).get_json()
        assert corpus["latest_version"]["source"] == f"url:{url}"
        assert api.get(corpus["links"]["text"]).text == TEXT
        again = api.post(f"/corpora/{corpus['id']}/versions", {"url": url})
    assert again.status_code == 200
    with serving(sends(b"It is gone.", 410)) as url:
        answer = api.post(f"/corpora/{corpus['id']}/versions", {"url": url})
    assert "410 Gone" in problem(answer, 422, "source_unavailable")["detail"]


def test_a_built_in_text_that_cannot_be_fetched(make_api: MakeApi) -> None:
    """The address's silence is a 422 with a way out."""
    api = make_api(shakespeare_url="http://127.0.0.1:1/shakespeare.txt")
    answer = api.post("/corpora", {"name": "W", "builtin": "shakespeare"})
    assert "python-reference" in problem(answer, 422, "source_unavailable")["detail"]


@pytest.mark.parametrize("how", ["upload", "paste"])
def test_cleaning_is_a_choice(api: Api, how: str) -> None:
    """Form and JSON take the same three choices, and the report says what was found."""
    text = "A  Cafe\u0301\r\n" * 5
    if how == "paste":
        body = {"name": "C", "text": text, "lowercase": True, "nfc": True, "squeeze": True}
        answer = api.post("/corpora", body)
    else:
        chosen = dict.fromkeys(("lowercase", "nfc", "squeeze"), "true")
        answer = api.upload("/corpora", text.encode(), name="C", **chosen)
    corpus = answer.get_json()
    assert api.get(corpus["links"]["text"]).text == "a café\n" * 5
    assert corpus["latest_version"]["report"]["newlines_changed"] == 5


def test_chinese_works_like_english(api: Api) -> None:
    """Names and texts of any script come back as they were sent."""
    corpus = api.post("/corpora", {"name": "道德經", "text": "道可道,非常道。"}).get_json()
    assert api.get(f"/corpora/{corpus['id']}").get_json()["name"] == "道德經"
    assert api.get(corpus["links"]["text"]).text == "道可道,非常道。"


def test_a_corpus_is_shown_with_its_versions(api: Api) -> None:
    """GET returns what POST did."""
    corpus = api.post("/corpora", {"name": "Moby", "text": TEXT}).get_json()
    shown = api.get(f"/corpora/{corpus['id']}").get_json()
    assert shown == corpus
    assert shown["versions"] == [shown["latest_version"]]


def test_corpora_are_listed_newest_first(api: Api, db: Database) -> None:
    """Pages follow each other without a gap and end with has_more false."""
    made = [make_corpus(db, name=f"corpus {n}").id for n in range(3)][::-1]
    first = api.get("/corpora?limit=2")
    assert (ids(first), first.get_json()["has_more"]) == (made[:2], True)
    second = api.get(f"/corpora?limit=2&after={made[1]}")
    assert (ids(second), second.get_json()["has_more"]) == (made[2:], False)


def test_a_new_text_is_a_new_version(api: Api, db: Database) -> None:
    """The corpus keeps both; the newest is the latest."""
    corpus = make_corpus(db)
    answer = api.post(f"/corpora/{corpus.id}/versions", {"text": TEXT})
    assert answer.status_code == 201
    assert [version["number"] for version in answer.get_json()["versions"]] == [1, 2]
    assert api.get(f"/corpora/{corpus.id}/text").text == TEXT
    assert api.get(f"/corpora/{corpus.id}/text?version=1").text != TEXT


def test_the_same_text_is_no_new_version(api: Api, db: Database) -> None:
    """Versions are by SHA-256: an upload of what is there adds nothing and says so with 200."""
    corpus = make_corpus(db, TEXT)
    answer = api.upload(f"/corpora/{corpus.id}/versions", TEXT.encode())
    assert (answer.status_code, len(answer.get_json()["versions"])) == (200, 1)


def test_a_text_is_downloaded_under_the_corpus_name(api: Api, db: Database) -> None:
    """With type, length, a name for every system, and an ETag that saves the second download."""
    corpus = make_corpus(db, TEXT, name='道/"x')
    answer = api.get(f"/corpora/{corpus.id}/text")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.content_length == len(TEXT)
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "%E9%81%93-x-v1.txt" in answer.headers["Content-Disposition"]
    again = api.get(f"/corpora/{corpus.id}/text", {"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_long_text_comes_whole(api: Api, db: Database) -> None:
    """A text of several chunks is streamed in order."""
    text = "".join(f"line {n}\n" for n in range(60_000))
    assert api.get(f"/corpora/{make_corpus(db, text).id}/text").text == text


def test_an_unknown_version_has_no_text(api: Api, db: Database) -> None:
    """A number that the corpus does not have is a 404."""
    problem(api.get(f"/corpora/{make_corpus(db).id}/text?version=7"), 404, "not_found")


def test_a_corpus_can_be_deleted(api: Api, db: Database) -> None:
    """204, and it is gone."""
    corpus = make_corpus(db)
    assert api.delete(f"/corpora/{corpus.id}").status_code == 204
    problem(api.get(f"/corpora/{corpus.id}"), 404, "not_found")


def test_a_corpus_in_use_cannot_be_deleted(api: Api, db: Database) -> None:
    """A job that reads it keeps it."""
    corpus = make_corpus(db)
    make_training_job(db, corpus)
    problem(api.delete(f"/corpora/{corpus.id}"), 409, "in_use")


def test_a_corpus_with_a_schedule_cannot_be_deleted(api: Api, db: Database) -> None:
    """Until the schedule is deleted."""
    corpus = make_corpus(db)
    body = {"name": "s", "cron": "hourly", "corpus_id": corpus.id, "model": "bard",
            "training": {"preset": "tiny"}}  # fmt: skip
    schedule = api.post("/schedules", body).get_json()["id"]
    refused = problem(api.delete(f"/corpora/{corpus.id}"), 409, "in_use")
    assert "1 schedule reads this corpus" in refused["detail"]
    assert api.delete(f"/schedules/{schedule}").status_code == 204
    assert api.delete(f"/corpora/{corpus.id}").status_code == 204


def test_another_teams_corpus_is_not_there(api: Api, db: Database) -> None:
    """A stranger's corpus can neither be listed, nor seen, nor used."""
    corpus = make_corpus(db, team_id=make_team(db))
    assert ids(api.get("/corpora")) == []
    problem(api.get(f"/corpora/{corpus.id}"), 404, "not_found")
    problem(api.get(f"/corpora/{corpus.id}/text"), 404, "not_found")
    problem(api.delete(f"/corpora/{corpus.id}"), 404, "not_found")
    field_error(api.post("/training-jobs", {"corpus_id": corpus.id}), "corpus_id")
