"""Estimates and the corpus doctor's report over the API."""

from shared.db import Database
from tests.integration.api.client import Api, field_error, problem
from tests.support.factories import make_corpus

TEXT = "It was the best of times, it was the worst of times.\n" * 100


def test_an_estimate_of_a_corpus(api: Api, db: Database) -> None:
    """What would be learned, in which time and memory, and what it leaves."""
    corpus = make_corpus(db, TEXT)
    answer = api.post("/estimates", {"corpus_id": corpus.id, "preset": "tiny", "epochs": 3})
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert found["text"] == {"characters": len(TEXT), "vocabulary_size": len(set(TEXT))}
    assert (found["windows"], found["steps"]) == (640, 20)
    assert found["time"]["seconds"] is None
    assert found["time"]["reason"] == "no_workers"
    assert found["kept"]["checkpoints"] == 3
    size = {"characters": len(TEXT), "vocabulary_size": len(set(TEXT)), "preset": "tiny"}
    assert api.post("/estimates", size | {"epochs": 3}).get_json() == found


def test_bad_requests_are_refused(api: Api, db: Database) -> None:
    """As a submission is: fields out of range, no text, a text too short."""
    corpus = make_corpus(db)
    field_error(api.post("/estimates", {"corpus_id": corpus.id, "units": 0}), "units")
    field_error(api.post("/estimates", {"preset": "seed"}), "corpus_id")
    short = {"characters": 90, "vocabulary_size": 9}
    field_error(api.post("/estimates", short), "characters", "corpus_too_short")


def test_the_doctors_report(api: Api, db: Database) -> None:
    """Linked from the corpus, known as soon as it is there; of the version that is asked for."""
    made = api.post("/corpora", {"name": "mine", "text": TEXT + "\u200b"}).get_json()
    answer = api.get(made["links"]["report"])
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert found["corpus_version_id"] == made["latest_version"]["id"]
    assert found["cleaning"] == made["latest_version"]["report"]
    (mark,) = found["examination"]["invisible"]
    assert (mark["code_point"], mark["offset"]) == ("U+200B", len(TEXT))
    codes = [finding["code"] for finding in found["findings"]]
    assert codes == [
        "very_short_text", "rare_characters", "invisible_characters", "many_repeated_lines",
    ]  # fmt: skip
    assert found["recommendation"]["preset"] == "fast"
    assert found["estimate"]["time"]["reason"] == "no_workers"
    assert api.get(made["links"]["report"] + "?version=1").get_json() == found


def test_there_is_no_report_of_nothing(api: Api, db: Database) -> None:
    """Neither of a corpus nor of a version that there is not."""
    problem(api.get("/corpora/nothing/report"), 404, "not_found")
    problem(api.get(f"/corpora/{make_corpus(db).id}/report?version=2"), 404, "not_found")
