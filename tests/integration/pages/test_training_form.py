"""The form of a training job: its fields, what it submits, and each refusal beside its field."""

import re

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.services import add_version
from shared.db import Database
from shared.jobs.models import Job
from shared.jobs.queries import list_jobs
from shared.specs import PRESETS, TrainingSpec
from tests.integration.pages.site import Site
from tests.support.factories import make_checkpoint, make_corpus, make_training_job, stored_text

NEW = "/training/new"


def submitted(db: Database) -> list[Job]:
    """Return the jobs, newest first."""
    with db.read() as session:
        return list_jobs(session, DEFAULT_TEAM_ID).data


def test_every_field_is_there_with_meaning_and_range(site: Site, db: Database) -> None:
    """Each field of the spec has a label, its description and its range."""
    make_corpus(db)
    page = site.get(NEW)
    for name, info in TrainingSpec.model_fields.items():
        assert f'<label for="{name}">' in page.html
        assert (info.description or "?").partition("null:")[0] in page.text
    assert "2 to 1,000." in page.text
    assert "Over 0, at most 10." in page.text


def test_an_empty_field_says_what_that_means(site: Site, db: Database) -> None:
    """No limit on the windows is 'all' of them; an epoch kept for its number, 'none'."""
    make_corpus(db)
    html = site.get(NEW).html
    for name, words in (("max_windows", "28,000"), ("keep_every", "none"), ("epochs", "30")):
        assert re.search(rf'name="{name}"[^>]* placeholder="{words}"', html)


def test_presets_fill_in_what_is_empty(site: Site, db: Database) -> None:
    """A form with nothing typed submits the preset's spec."""
    corpus = make_corpus(db)
    page = site.submit(NEW, corpus_id=corpus.id, preset="tiny", epochs="", name="")
    (job,) = submitted(db)
    assert page.location == f"/jobs/{job.id}"
    assert TrainingSpec.model_validate(job.spec) == PRESETS["tiny"]


def test_what_a_preset_sets_can_be_turned_off(site: Site, db: Database) -> None:
    """The word that an unset field shows is null, which an empty one cannot say."""
    corpus = make_corpus(db)
    typed = {"max_windows": "all", "clip_norm": "Off", "ema_momentum": "off"}
    site.submit(NEW, corpus_id=corpus.id, preset="fast", **typed)
    (job,) = submitted(db)
    assert [job.spec[name] for name in typed] == [None, None, None]


def test_every_field_reaches_the_spec(site: Site, db: Database) -> None:
    """What is typed becomes the spec's types, with blanks around it forgiven."""
    corpus = make_corpus(db)
    typed = {
        "window": " 30 ", "step": "2", "units": "8", "layers": "2", "batch_size": "16",
        "optimizer": "adam", "learning_rate": "1e-3", "epochs": "3", "max_windows": "100",
        "validation_fraction": ".2", "sample_length": "0", "sample_temperature": "0.3 1",
        "sample_start": "same", "sample_prompt": "It was ", "sample_context": "state",
        "rng_seed": "7", "keep_checkpoints": "2", "keep_every": "5", "cell": "gru",
        "loss_at": "every", "dropout": "0.5", "input_dropout": "0.1", "schedule": "cosine",
        "warmup_steps": "9", "rate_floor": "0.25",
        "clip_norm": "5", "weight_decay": "0.01", "precision": "mixed", "patience": "4",
        "adam_beta_2": "0.99", "ema_momentum": "0.999", "calibration": "1.1", "devices": "2",
    }  # fmt: skip
    page = site.submit(NEW, corpus_id=corpus.id, preset="tiny", name="mine", priority="-5", **typed)
    assert page.status == 303
    (job,) = submitted(db)
    assert (job.name, job.priority) == ("mine", -5)
    assert job.spec.items() >= {
        "window": 30, "step": 2, "units": 8, "layers": 2, "batch_size": 16, "optimizer": "adam",
        "learning_rate": 0.001, "epochs": 3, "max_windows": 100, "validation_fraction": 0.2,
        "sample_length": 0, "sample_temperature": [0.3, 1.0], "sample_start": "same",
        "sample_prompt": "It was ", "sample_context": "state", "rng_seed": 7, "keep_checkpoints": 2,
        "keep_every": 5, "cell": "gru", "loss_at": "every", "dropout": 0.5, "input_dropout": 0.1,
        "schedule": "cosine", "rate_floor": 0.25, "warmup_steps": 9, "clip_norm": 5.0,
        "weight_decay": 0.01, "precision": "mixed", "patience": 4, "adam_beta_2": 0.99,
        "ema_momentum": 0.999, "calibration": 1.1, "devices": 2,
    }.items()  # fmt: skip


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("epochs", "0", "at least 1"),
        ("epochs", "ten", "a whole number"),
        ("epochs", "1.5", "a whole number"),
        ("epochs", "٣", "a whole number"),
        ("window", "1001", "at most 1000"),
        ("learning_rate", "0", "over 0"),
        ("learning_rate", "nan", "a number"),
        ("learning_rate", "1e999", "a number"),
        ("learning_rate", "0,01", "a number"),
        ("units", "9" * 5000, "a whole number"),
        ("optimizer", "magic", "rmsprop, adam, sgd"),
        ("max_windows", "-1", "at least 1"),
        ("sample_temperature", "0.5 x", "up to 8 of them"),
        ("sample_start", "new", "fresh, same"),
        ("cell", "rnn", "lstm, gru"),
        ("loss_at", "first", "last, every"),
        ("dropout", "0.95", "at most 0.9"),
        ("schedule", "step", "constant, linear, cosine"),
        ("clip_norm", "0", "over 0"),
        ("weight_decay", "2", "at most 1"),
        ("patience", "0", "at least 1"),
        ("keep_every", "0", "at least 1"),
        ("sample_temperature", "-0.1", "from 0 to 10"),
        ("rng_seed", "9223372036854775808", "at most 9223372036854775807"),
        ("priority", "101", "at most 100"),
        ("name", "x" * 201, "at most 200 characters"),
        ("name", "a\x07b", "at most 200 characters"),
        ("preset", "huge", "seed"),
    ],
)
def test_a_refused_field(site: Site, db: Database, field: str, typed: str, words: str) -> None:
    """422: what was received and what is accepted stands beside it, and it is kept."""
    corpus = make_corpus(db)
    fields = {"corpus_id": corpus.id, "preset": "tiny", "units": "9", field: typed}
    page = site.submit(NEW, **fields)
    assert page.status == 422
    assert page.errors() == {field}
    error = page.error(field) or ""
    assert words in error
    assert f"Received: {typed[:80]}" in error
    if field not in ("preset", "optimizer", "cell", "loss_at", "schedule", "sample_start"):
        assert page.value(field) == typed
    assert page.value("corpus_id") == corpus.id
    assert submitted(db) == []


def test_several_problems_at_once(site: Site, db: Database) -> None:
    """Every refused field is told at once, the folded ones unfolded."""
    corpus = make_corpus(db)
    page = site.submit(NEW, corpus_id=corpus.id, preset="tiny", epochs="x", layers="9")
    assert page.errors() == {"epochs", "layers"}
    assert page.html.count("data-group open>") == 1
    assert '<a href="#epochs">Epochs: ' in page.html
    assert '<a href="#layers">Layers: ' in page.html


def test_too_short_a_text(site: Site, db: Database) -> None:
    """422 beside the text, naming its length and the least length."""
    corpus = make_corpus(db, "abcdefghij" * 5)
    page = site.submit(NEW, corpus_id=corpus.id, preset="seed", window="90")
    assert page.status == 422
    assert "50 characters" in (page.error("corpus_id") or "")
    assert "at least 901" in (page.error("corpus_id") or "")
    assert page.value("window") == "90"


@pytest.mark.parametrize("corpus_id", ["", "x", "01890000-0000-7000-8000-000000000000"])
def test_unknown_ids(site: Site, db: Database, corpus_id: str) -> None:
    """422 beside the text for none, and for one that is not there."""
    make_corpus(db)
    page = site.submit(NEW, corpus_id=corpus_id, preset="tiny")
    assert (page.status, page.errors()) == (422, {"corpus_id"})


def test_continue_from_a_checkpoint(site: Site, db: Database) -> None:
    """The address fills in what must be the same, and the job starts from it."""
    checkpoint = make_checkpoint(db)
    page = site.get(f"{NEW}?checkpoint={checkpoint.id}")
    assert page.value("from_checkpoint_id") == checkpoint.id
    assert (page.value("units"), page.value("layers"), page.value("window")) == ("16", "1", "20")
    filled = {name: page.value(name) for name in ("corpus_id", "units", "layers", "window")}
    done = site.submit(NEW, from_checkpoint_id=checkpoint.id, preset="tiny", **filled)
    assert done.status == 303
    assert submitted(db)[0].checkpoint_id == checkpoint.id


def test_a_checkpoint_that_does_not_fit(site: Site, db: Database) -> None:
    """422 beside the field that differs; another text's characters are no hindrance."""
    checkpoint = make_checkpoint(db)
    other = make_corpus(db, "something else entirely " * 100, "other")
    fields = {"from_checkpoint_id": checkpoint.id, "preset": "tiny", "corpus_id": other.id}
    assert site.submit(NEW, **fields, units="99").errors() == {"units"}
    assert site.submit(NEW, **fields).status == 303


def test_an_older_version(site: Site, db: Database) -> None:
    """A version can be chosen; one of another text is refused."""
    corpus = make_corpus(db)
    first = corpus.latest_version.id
    text = stored_text(db, "new words " * 200)
    with db.write() as session:
        add_version(session, DEFAULT_TEAM_ID, corpus.id, text)
    page = site.get(f"{NEW}?version={first}")
    assert (page.value("corpus_id"), page.value("corpus_version_id")) == (corpus.id, first)
    fields = {"preset": "tiny", "corpus_version_id": first}
    assert site.submit(NEW, corpus_id=corpus.id, **fields).status == 303
    assert submitted(db)[0].corpus_version_id == first
    other = make_corpus(db, "x y z " * 200, "other")
    assert site.submit(NEW, corpus_id=other.id, **fields).errors() == {"corpus_version_id"}


def test_a_form_sent_twice_is_one_job(site: Site, db: Database) -> None:
    """Two clicks make one job; going back to change something makes another."""
    corpus = make_corpus(db)
    once = site.get(NEW).value("once")
    fields = {"once": once, "corpus_id": corpus.id, "preset": "tiny"}
    first, second = site.submit(NEW, **fields), site.submit(NEW, **fields)
    assert first.location == second.location
    assert site.submit(NEW, **fields, units="4").status == 303
    assert len(submitted(db)) == 2


def test_ids_in_the_address_that_name_nothing(site: Site, db: Database) -> None:
    """The form opens all the same."""
    make_training_job(db)
    for query in ("corpus=x", "version=x", "checkpoint=x", "preset=x"):
        assert site.get(f"{NEW}?{query}").status == 200
