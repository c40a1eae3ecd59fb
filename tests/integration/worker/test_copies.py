"""What of samples and outputs is copied is looked for, stored, and costs no job its life."""

from pathlib import Path
from typing import Any

import pytest

from shared.checkpoints.queries import list_checkpoints
from shared.corpora.models import CorpusVersion
from shared.corpora.sources import python_reference
from shared.db import Database
from shared.jobs.models import Job, Kind
from shared.jobs.queries import list_outputs, list_samples
from shared.settings import Settings
from tests.support.factories import (
    make_corpus,
    make_generation_job,
    make_training_job,
    reload,
)
from tests.support.nodes import make_node
from worker.copies import Copies
from worker.engine.copying import CopyIndex
from worker.node import Node
from worker.runners import work

# Of one to three bytes a character.
PROSE = python_reference()[:40_000] + "äöü秋" * 20 + python_reference()[50_000:90_000]

# What is stored is so on both databases in the tests of jobs; here the engine takes the time.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def node(db: Database, settings: Settings) -> Node:
    return make_node(db, settings)


def version_of(db: Database, job: Job) -> CorpusVersion:
    with db.read() as session:
        return session.get_one(CorpusVersion, job.corpus_version_id)


def test_copies_are_found_with_their_places(db: Database, node: Node) -> None:
    job = make_training_job(db, make_corpus(db, PROSE))
    copies = Copies.of(node, job)
    text = "Zzz☃" + PROSE[30_000:30_100] + "☃" + PROSE[60_000:60_040] + "☃"
    found = copies.told([text[:50], text[50:]])
    assert found == {
        "characters": 146,
        "longest": 100,
        "copied": 100,
        "share": pytest.approx(100 / 146),
        "found": 1,
        "stretches": [{"start": 4, "length": 100, "at": 30_000}],
    }


def test_a_text_is_read_in_parts(db: Database, node: Node) -> None:
    """Each part of an index is made from the characters that it is of."""
    version = version_of(db, make_training_job(db, make_corpus(db, PROSE)))
    copies = Copies(node, version)
    for first, end in ((0, 7), (39_990, 40_100), (79_000, len(PROSE))):
        ids = copies._ids(first, end)
        assert "".join(version.vocabulary[i] for i in ids) == PROSE[first:end]


def test_samples_and_outputs_tell_what_they_copy(db: Database, node: Node) -> None:
    job = make_training_job(db, epochs=1, sample_length=120)
    work(node, Kind.TRAIN)
    with db.read() as session:
        (sample,) = list_samples(session, job.id).data
    assert sample.copying is not None
    assert sample.copying == Copies.of(node, job).told([sample.text])
    with db.read() as session:
        (checkpoint,) = list_checkpoints(session, job.id).data
    writing = make_generation_job(db, checkpoint, length=90)
    work(node, Kind.GENERATE)
    with db.read() as session:
        (output,) = list_outputs(session, writing.id).data
    assert output.copying is not None
    assert output.copying["characters"] == 90


def test_an_index_that_cannot_be_kept_costs_no_job_its_life(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    """The texts are stored all the same, and nobody says that nothing was copied."""
    (tmp_path / "file").write_text("no folder")
    node = make_node(db, settings.model_copy(update={"cache_folder": tmp_path / "file" / "cache"}))
    job = make_training_job(db, epochs=1)
    work(node, Kind.TRAIN)
    with db.read() as session:
        (sample,) = list_samples(session, job.id).data
    assert sample.copying is None
    assert reload(db, job).status == "succeeded"


def test_a_job_opens_the_index_once(
    db: Database, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    part = CopyIndex._part

    def counted(self: CopyIndex, first: int) -> Any:
        opened.append(first)
        return part(self, first)

    monkeypatch.setattr(CopyIndex, "_part", counted)
    make_training_job(db, epochs=3)
    work(node, Kind.TRAIN)
    assert len(opened) == 1
