"""The runner of verifications, with the real sampler on a real database."""

import json
from typing import Any

import pytest

from shared.blobs import read_blob
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs import services
from shared.jobs.answers import result_blob
from shared.jobs.models import Job, Output
from shared.jobs.queries import list_outputs, output_text
from shared.jobs.results import Verification
from shared.receipts import Receipt, spec_sha256
from shared.settings import Settings
from shared.specs import GenerationSpec
from tests.support.factories import (
    do,
    make_generation_job,
    make_verifying_job,
    reload,
)
from tests.support.nodes import RaisedAfter, make_node
from worker.engine import sampling
from worker.runners import run_job, work

# What is read and written is so on both databases in the tests of jobs; the sampler knows none.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SHA = "0" * 64


def written(
    db: Database, settings: Settings, checkpoint: Checkpoint, **fields: Any
) -> list[Output]:
    """Return the outputs of a job that has written."""
    job = make_generation_job(db, checkpoint, **fields)
    work(make_node(db, settings), "generate")
    with db.read() as session:
        return list_outputs(session, job.id).data


def receipt_of(output: Output) -> dict[str, Any]:
    """Return an output's receipt."""
    assert output.receipt is not None
    return output.receipt


def verify(
    db: Database, settings: Settings, receipt: dict[str, Any], text: str | None = None
) -> Verification:
    """Return what a verification answers."""
    job = make_verifying_job(db, receipt, text)
    work(make_node(db, settings, name="node:2"), "generate")
    return result(db, job)


def result(db: Database, job: Job) -> Verification:
    """Return what came of a job."""
    with db.read() as session:
        blob_id = result_blob(session, reload(db, job))
    return Verification.model_validate(json.loads(b"".join(read_blob(db, blob_id))))


def text_of(db: Database, output: Output) -> str:
    """Return an output's text."""
    return b"".join(output_text(db, output)).decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": [0.5, 1.0], "count": 2},
        {"prompt": "Ït was ☃", "top_k": 5, "top_p": 0.9, "temperature": 1},
        {"context": "window", "length": 30},
        {"stop": ["e", "t"], "length": 5000},
        {"temperature": 0, "rng_seed": 2**63 - 1},
    ],
    ids=["excerpts", "prompt", "window", "stop", "greedy"],
)
def test_every_text_is_written_again(
    db: Database, settings: Settings, checkpoint: Checkpoint, fields: dict[str, Any]
) -> None:
    """Alone, whatever it was written beside; sent, and as it is stored."""
    for output in written(db, settings, checkpoint, **fields):
        text = text_of(db, output)
        for sent, source in ((None, "stored"), (text, "text")):
            found = verify(db, settings, receipt_of(output), sent)
            assert found.model_dump() == {
                "same": True, "compared_with": source, "first_difference": None,
                "characters": len(text), "problems": [],
            }  # fmt: skip


def test_a_receipt_says_what_wrote(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """All that it takes to write the text again, and what it was."""
    (output,) = written(db, settings, checkpoint, rng_seed=5)
    receipt = Receipt.model_validate(receipt_of(output))
    job = do(db, lambda s: s.get_one(Job, output.job_id))
    assert receipt.spec == GenerationSpec.model_validate(job.spec)
    assert receipt.spec_sha256 == spec_sha256(receipt.spec)
    assert (receipt.job_id, receipt.number, receipt.stream) == (job.id, 1, 0)
    assert (receipt.checkpoint_id, receipt.checkpoint_sha256) == (checkpoint.id, checkpoint.sha256)
    assert (receipt.rng_seed, receipt.characters) == (5, 50)
    assert receipt.keras.startswith("3.")


def test_one_changed_character(db: Database, settings: Settings, checkpoint: Checkpoint) -> None:
    """Is found where it is, with what should stand there."""
    (output,) = written(db, settings, checkpoint, length=5000)
    text = text_of(db, output)
    for place in (0, 4096, 4999):
        other = "☃" if place % 2 else "I"
        other = "t" if text[place] == other else other
        changed = text[:place] + other + text[place + 1 :]
        found = verify(db, settings, receipt_of(output), changed)
        assert not found.same
        assert found.first_difference is not None
        assert found.first_difference.model_dump() == {
            "character": place,
            "expected": text[place : place + 40],
            "received": changed[place : place + 40],
        }


def test_texts_that_are_too_short_or_too_long(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Part where the shorter one ends."""
    (output,) = written(db, settings, checkpoint)
    text = text_of(db, output)
    for sent, received in ((text + "x", "x"), (text[:-1], ""), ("", "")):
        found = verify(db, settings, receipt_of(output), sent)
        assert found.first_difference is not None
        assert found.first_difference.character == min(len(sent), len(text))
        assert found.first_difference.received == received


@pytest.mark.parametrize(
    "field", ["spec_sha256", "checkpoint_sha256", "corpus_version_sha256", "prompt_sha256",
              "text_sha256"],
)  # fmt: skip
@pytest.mark.parametrize("kept", [True, False])
def test_a_changed_hash(
    db: Database, settings: Settings, checkpoint: Checkpoint, field: str, kept: bool
) -> None:
    """Is told, also when the output is gone, and the same text does not help."""
    (output,) = written(db, settings, checkpoint)
    text = text_of(db, output)
    if not kept:
        do(db, lambda s: services.delete(s, output.job_id))
    found = verify(db, settings, receipt_of(output) | {field: SHA}, text)
    assert (found.same, found.first_difference) == (False, None)
    assert [(p.code, p.field) for p in found.problems] == [("receipt_differs", field)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("temperature", 0.7), ("rng_seed", 1), ("stream", 3), ("keras", "2.0.0"),
     ("characters", 49), ("finish_reason", "stop")],
)  # fmt: skip
def test_a_changed_fact(
    db: Database, settings: Settings, checkpoint: Checkpoint, field: str, value: Any
) -> None:
    """Whatever it is."""
    (output,) = written(db, settings, checkpoint)
    do(db, lambda s: services.delete(s, output.job_id))
    found = verify(db, settings, receipt_of(output) | {field: value})
    assert (found.same, found.compared_with) == (False, "sha256")
    assert [(p.code, p.field) for p in found.problems] == [("receipt_differs", field)]


def test_a_changed_spec(db: Database, settings: Settings, checkpoint: Checkpoint) -> None:
    """Its hash no longer fits, and made to fit it is not the one that is stored."""
    (output,) = written(db, settings, checkpoint)
    receipt = receipt_of(output)
    receipt["spec"]["rng_seed"] = receipt["rng_seed"] = 99
    found = verify(db, settings, receipt)
    assert not found.same
    assert found.first_difference is not None
    assert {"spec_sha256", "rng_seed"} <= {problem.field for problem in found.problems}
    receipt["spec_sha256"] = spec_sha256(GenerationSpec.model_validate(receipt["spec"]))
    again = verify(db, settings, receipt)
    assert not again.same
    assert {"spec", "spec_sha256"} <= {problem.field for problem in again.problems}


def test_another_version_is_told(db: Database, settings: Settings, checkpoint: Checkpoint) -> None:
    """But does not make it another text."""
    (output,) = written(db, settings, checkpoint)
    do(db, lambda s: services.delete(s, output.job_id))
    found = verify(db, settings, receipt_of(output) | {"charloom": "0.0.1"})
    assert found.same
    assert [(p.code, p.field) for p in found.problems] == [("version_differs", "charloom")]


def test_without_the_text_its_hash_decides(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """When the output is gone and no text is sent."""
    (output,) = written(db, settings, checkpoint)
    do(db, lambda s: services.delete(s, output.job_id))
    found = verify(db, settings, receipt_of(output))
    assert (found.same, found.compared_with, found.characters) == (True, "sha256", 50)


def test_a_long_text_is_compared_where_it_is_stored(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """In pieces, though it is kept in a blob."""
    (output,) = written(db, settings, checkpoint, length=300_000)
    assert output.blob_id is not None
    found = verify(db, settings, receipt_of(output))
    assert (found.same, found.characters) == (True, 300_000)


def test_a_text_that_was_cut_short(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Is written again as far as it came."""
    job = make_generation_job(db, checkpoint, length=10_000_000)
    claimed = do(db, lambda s: services.claim(s, "generate", "node:1", 30))
    assert claimed is not None
    do(db, lambda s: services.cancel(s, job.id))
    run_job(make_node(db, settings), claimed)
    with db.read() as session:
        (output,) = list_outputs(session, job.id).data
    found = verify(db, settings, receipt_of(output))
    assert (found.same, found.characters) == (True, output.characters)


def test_a_stopped_worker_hands_it_back(
    db: Database, settings: Settings, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one begins anew."""
    (output,) = written(db, settings, checkpoint, length=5000)
    monkeypatch.setattr(sampling, "PIECE_CHARACTERS", 500)
    job = make_verifying_job(db, receipt_of(output))
    work(make_node(db, settings, stop=RaisedAfter(3)), "generate")
    assert reload(db, job).status == "queued"
    work(make_node(db, settings, name="node:2"), "generate")
    assert result(db, job).same
