"""The command against the real application: what it does, says, and how it ends."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import list_checkpoints
from shared.db import Database
from shared.jobs.models import Job
from shared.jobs.rows import Lease
from shared.jobs.services import fail, succeed
from tests.integration.api.outputs import add_output
from tests.integration.cli.conftest import Charloom
from tests.support.factories import (
    TEXT,
    claim_job,
    do,
    finish_epoch,
    make_corpus,
    make_generation_job,
    make_training_job,
)


def trained(db: Database) -> Lease:
    """Return the lease of a training job that has succeeded, with its one epoch."""
    lease = claim_job(db, make_training_job(db, name="trained"))
    finish_epoch(db, lease, model=b"a model")
    do(db, lambda s: succeed(s, lease))
    return lease


def written(db: Database, job: Job, text: str) -> None:
    """Let a generation job succeed with a text."""
    lease = claim_job(db, job)
    add_output(db, lease, 1, text)
    do(db, lambda s: succeed(s, lease))


def checkpoint_of(db: Database, lease: Lease) -> Checkpoint:
    """Return the first checkpoint of a job."""
    with db.read() as session:
        return list_checkpoints(session, lease.job_id).data[0]


def test_corpora(charloom: Charloom, tmp_path: Path) -> None:
    """Add from a file and from standard input, list, show, remove: ids in a pipe, by name."""
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    first = charloom("corpus", "add", "one", str(tmp_path / "a.txt"), "--lowercase").stdout.strip()
    added = charloom("corpus", "add", "two", "-", "--json", stdin=TEXT.encode())
    second = json.loads(added.stdout)
    assert second["latest_version"]["source"] == "upload:stdin"
    listed = charloom("corpus", "list").stdout.splitlines()
    assert [line.split()[:2] for line in listed] == [
        ["ID", "NAME"], [second["id"], "two"], [first, "one"],
    ]  # fmt: skip
    shown = json.loads(charloom("corpus", "show", "one", "--json").stdout)
    assert shown["versions"][0]["report"]
    assert "upload:a.txt" in charloom("corpus", "show", first).stdout
    assert json.loads(charloom("corpus", "report", "one", "--json").stdout)["version"] == 1
    told = charloom("corpus", "report", "one").stdout
    assert "very_short_text" in told
    assert "recommended" in told
    assert charloom("corpus", "rm", "two").stdout == f"Deleted corpus {second['id']}.\n"
    assert len(json.loads(charloom("corpus", "list", "--json").stdout)) == 1


def test_a_corpus_gets_versions(charloom: Charloom, tmp_path: Path) -> None:
    """From a file or standard input, cleaned; the same text adds none."""
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    file = str(tmp_path / "a.txt")
    charloom("corpus", "add", "one", file)
    assert "version 2 is new" in charloom("corpus", "update", "one", file, "--lowercase").stdout
    assert "has this text already" in charloom("corpus", "update", "one", file).stdout
    more = charloom("corpus", "update", "one", "-", "--json", stdin=TEXT.encode() * 2).stdout
    assert json.loads(more)["latest_version"]["number"] == 3
    assert "exactly one" in charloom("corpus", "update", "one", code=2).stderr
    assert "no corpus is called" in charloom("corpus", "update", "other", file, code=1).stderr


def test_names_that_name_nothing_for_sure(charloom: Charloom, db: Database, tmp_path: Path) -> None:
    """An ambiguous name lists the ids; an unknown one, or a file that is none, is named."""
    ids = [make_corpus(db, name="twice").id for _ in range(2)]
    told = charloom("train", "twice", code=1).stderr
    assert all(id_ in told for id_ in ids)
    assert "no corpus is called 'never'" in charloom("train", "never", code=1).stderr
    assert charloom("corpus", "rm", ids[0]).stdout
    charloom("train", "twice", "--preset", "tiny")
    missing = str(tmp_path / "x")
    told = charloom("corpus", "add", "x", missing, code=1).stderr
    assert told == f"Error: {missing} cannot be read: No such file or directory\n"


def test_train_sends_what_was_typed(charloom: Charloom, db: Database) -> None:
    """Preset, fields, name, priority, and whose weights it starts from."""
    lease = trained(db)
    words = ["--preset", "tiny", "--set", "learning_rate=0.002", "--set", "optimizer=adam"]
    more = ["--name", "named", "--priority", "3", "--from", lease.job_id, "--json"]
    job = json.loads(charloom("train", "a corpus", *words, *more).stdout)
    assert (job["spec"]["learning_rate"], job["spec"]["optimizer"]) == (0.002, "adam")
    assert (job["name"], job["priority"], job["preset"]) == ("named", 3, "tiny")
    assert job["checkpoint_id"] is not None
    told = charloom("train", "a corpus", "--set", "epochs=0", code=1)
    near = charloom("train", "a corpus", "--set", "epoch=2", code=1).stderr
    assert near.startswith("Error: --set epoch: there is no such field; did you mean epochs? ")
    assert "epochs: Input should be greater than or equal to 1, received 0" in told.stderr
    assert told.stderr.count("\n") == 1


def test_generate_sends_what_was_typed(charloom: Charloom, db: Database) -> None:
    """A training job means its best checkpoint; several temperatures after one option."""
    lease = trained(db)
    words = ["--prompt", "It was", "--length", "50", "--temperature", "0.4", "0.8", "--count", "2"]
    more = ["--top-k", "5", "--top-p", "0.9", "--stop", ".", "--seed", "7", "--context", "window"]
    job = json.loads(charloom("generate", *words, lease.job_id, *more, "--json").stdout)
    assert job["spec"] == {
        "prompt": "It was", "length": 50, "temperature": [0.4, 0.8], "count": 2, "top_k": 5,
        "top_p": 0.9, "stop": ["."], "rng_seed": 7, "context": "window",
    }  # fmt: skip
    again = charloom("generate", job["checkpoint_id"], "--temperature", "0", "--json").stdout
    assert json.loads(again)["spec"]["temperature"] == 0
    assert charloom("generate", "last").stdout.count("-") == 4, "an id"
    told = charloom("generate", job["id"], code=1).stderr
    assert "is of kind generate; accepted: train, import, or a checkpoint" in told
    assert "neither a job nor a checkpoint nope" in charloom("generate", "nope", code=1).stderr


def test_generate_by_a_models_name(charloom: Charloom, db: Database) -> None:
    """The promoted checkpoint writes."""
    lease = trained(db)
    charloom("model", "promote", "ours", lease.job_id, "--reason", "good")
    job = json.loads(charloom("generate", "--model", "ours", "--json").stdout)
    shown = json.loads(charloom("model", "show", "ours", "--json").stdout)
    assert job["checkpoint_id"] == shown["checkpoint_id"]
    assert "good" in charloom("model", "history", "ours").stdout
    told = charloom("model", "edit", "ours", "--margin", "0.01", "--most-copied", "0.1").stdout
    assert told == "Model ours: margin 0.01, most copied 0.1.\n"
    told = charloom("model", "promote", "bad/name", lease.job_id, code=1).stderr
    assert told == "Error: no model has the name 'bad/name'\n"
    assert "give --margin" in charloom("model", "edit", "ours", code=2).stderr
    assert "ours" in charloom("model", "list").stdout
    assert "no earlier checkpoint" in charloom("model", "rollback", "ours", code=1).stderr


def test_jobs(charloom: Charloom, db: Database) -> None:
    """List with filters, show with checkpoints, events, moves, remove; ``last`` is the newest."""
    assert charloom("job", "show", "last", code=1).stderr == "Error: there is no job yet\n"
    done = trained(db)
    waiting = make_training_job(db)
    lines = charloom("job", "list", "--status", "succeeded").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ID", done.job_id]
    assert json.loads(charloom("job", "show", "last", "--json").stdout)["id"] == waiting.id
    assert " best" in charloom("job", "show", done.job_id).stdout
    events = charloom("job", "events", done.job_id).stdout.splitlines()
    assert [line.split()[3] for line in events][:3] == ["queued", "running", "epoch"]
    assert len(json.loads(charloom("job", "events", done.job_id, "--json").stdout)) == len(events)
    later = charloom("job", "events", done.job_id, "--after", "4", "--follow").stdout.splitlines()
    assert later == events[4:]
    for move, status in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        assert charloom("job", move, "last").stdout == f"Job {waiting.id} is {status}.\n"
    assert "cannot pause" in charloom("job", "pause", "last", code=1).stderr
    assert json.loads(charloom("job", "rm", "last", "--json").stdout) == {"deleted": waiting.id}
    assert "\t" not in charloom("job", "list").stdout


def test_downloads(
    charloom: Charloom, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Model, samples and output, to a file, to the folder or to standard output."""
    monkeypatch.chdir(tmp_path)
    lease = trained(db)
    told = json.loads(charloom("download", "last", "--json").stdout)
    assert told == {"file": "trained-epoch-1-model.keras", "bytes": 7}
    assert (tmp_path / told["file"]).read_bytes() == b"a model"
    assert charloom("download", lease.job_id, "--what", "samples", "-o", "s.txt").stdout
    assert "and then" in (tmp_path / "s.txt").read_text("utf-8")
    assert charloom("download", "last", "--what", "stars", "-o", "-").stdout == ""
    job = make_generation_job(db, checkpoint_of(db, lease))
    written(db, job, "道可道\n")
    assert charloom("download", "last", "-o", "-").stdout == "道可道\n"
    assert charloom("download", "last", "--what", "model", "-o", "-").stdout == "a model"
    assert charloom("download", job.id, "--what", "samples", code=1).stderr.startswith("Error: ")
    assert charloom("download", "last", "-o", "-", "--json", code=2).stdout == ""
    assert charloom("download", "nope", code=1).stderr.startswith("Error: ")


def test_schedules(charloom: Charloom, db: Database) -> None:
    """Add, show, edit what is given alone, run, list the runs, remove: by the name."""
    make_corpus(db, name="text")
    words = ["--cron", "nightly", "--corpus", "text", "--model", "ours", "--preset", "tiny"]
    told = charloom("schedule", "add", "mine", *words[:4], code=2).stderr
    assert "--model is needed" in told
    added = ["--set", "epochs=3", "--generate", "length=50", "--json"]
    made = json.loads(charloom("schedule", "add", "mine", *words, *added).stdout)
    assert made["training"] == {"preset": "tiny", "epochs": 3}
    edit = ["--set", "units=8", "--generate", "count=2", "--disabled", "--name", "other", "--json"]
    changed = json.loads(charloom("schedule", "edit", "mine", *edit).stdout)
    assert changed["training"] == {"preset": "tiny", "epochs": 3, "units": 8}
    assert (changed["generation"]["length"], changed["generation"]["count"]) == (50, 2)
    assert (changed["enabled"], changed["name"], changed["cron"]) == (False, "other", "0 3 * * *")
    assert charloom("schedule", "edit", "other", code=2).stderr
    assert "disabled" in charloom("schedule", "edit", "other", "--time-zone", "Asia/Tokyo").stdout
    assert "Asia/Tokyo" in charloom("schedule", "show", "other").stdout
    run = charloom("schedule", "run", "other").stdout.strip()
    assert json.loads(charloom("schedule", "runs", "other", "--json").stdout)[0]["id"] == run
    assert len(charloom("schedule", "runs", "other").stdout.splitlines()) == 2
    assert "other" in charloom("schedule", "list").stdout
    assert charloom("schedule", "rm", "other").stdout == f"Deleted schedule {made['id']}.\n"


def following(charloom: Charloom, work: Any, *words: str, code: int = 0) -> Any:
    """Run a command that follows a job, on which ``work`` is done meanwhile."""
    worker = threading.Thread(target=work)
    worker.start()
    try:
        return charloom(*words, code=code)
    finally:
        worker.join()


def claimed(db: Database, kind: str) -> Lease:
    """Claim a job as soon as there is one."""
    for _ in range(200):
        try:
            return claim_job(db, queue=kind)
        except AssertionError:
            threading.Event().wait(0.05)
    raise AssertionError("nothing was submitted")


def test_train_and_follow(charloom: Charloom, db: Database) -> None:
    """Losses and samples on plain lines; the best checkpoint is named at the end."""
    make_corpus(db, name="text")

    def work() -> None:
        lease = claimed(db, "train")
        finish_epoch(db, lease, sample="[bold]what it wrote")
        do(db, lambda s: succeed(s, lease))

    done = following(charloom, work, "train", "text", "--preset", "tiny", "--follow")
    assert "epoch 1: loss 2.000, validation loss 2.100" in done.stdout
    assert "[bold]what it wrote" in done.stdout
    assert "of epoch 1." in done.stderr


def test_follow_a_job_that_fails(charloom: Charloom, db: Database) -> None:
    """Exit code 1 with the reason; as JSON the job is still the one document."""
    make_corpus(db, name="text")

    def work() -> None:
        lease = claimed(db, "train")
        do(db, lambda s: fail(s, lease, "diverged", "no number"))

    words = ["train", "text", "--preset", "tiny", "--follow", "--json"]
    done = following(charloom, work, *words, code=1)
    assert json.loads(done.stdout)["error"]["code"] == "diverged"
    assert done.stderr.endswith("failed: diverged: no number\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_generate_and_follow(charloom: Charloom, db: Database, as_json: bool) -> None:
    """The text alone on standard output, byte for byte; or the job with its outputs."""
    trained(db)

    def work() -> None:
        lease = claimed(db, "generate")
        add_output(db, lease, 1, "one\n道", {"replaced": {"Ï": "I"}, "left_out": ["☃"]})
        do(db, lambda s: succeed(s, lease))

    words = ["generate", "last", "--follow", *(["--json"] if as_json else [])]
    done = following(charloom, work, *words)
    if as_json:
        assert json.loads(done.stdout)["outputs"][0]["text"] == "one\n道"
    else:
        assert done.stdout == "one\n道"
        assert "does not know: 'Ï' (read as 'I'), '☃' (left out).\n" in done.stderr
