"""A database with something of everything that a page can show. Nothing of it was trained."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from shared.accounts.audit import NOBODY, REFUSED, Actor, Deed, note
from shared.accounts.models import DEFAULT_TEAM_ID, User
from shared.accounts.queries import get_user, list_users
from shared.accounts.rights import Right, Role
from shared.accounts.services import change_user, make_link
from shared.accounts.teams import add_team, set_role
from shared.accounts.tokens import NewToken, make_token, note_use, revoke_token
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import list_checkpoints
from shared.corpora.models import Corpus, CorpusVersion
from shared.corpora.services import NewText, add_version, store_text
from shared.db import Database, now
from shared.ids import new_id
from shared.jobs.answers import keep_result
from shared.jobs.models import Job, Sample
from shared.jobs.queries import list_samples
from shared.jobs.records import NewOutput, record_output
from shared.jobs.rows import Lease
from shared.jobs.services import fail, report_progress, succeed
from shared.jobs.stars import star
from shared.models.services import Judgement, decide, ensure_model, work_for
from shared.nodes.models import Node
from shared.nodes.queries import get_node
from shared.nodes.services import Machine, drain, see_node
from shared.notices.sending import Outcome, claim_notice, record
from shared.notices.services import add_receiver, send_test
from shared.receipts import text_sha256
from shared.schedules.firing import end, place
from shared.schedules.models import RunStatus, Schedule
from shared.schedules.requests import ScheduleRequest
from shared.schedules.services import add_schedule
from shared.workers.services import Process, see
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_blob,
    make_corpus,
    make_generation_job,
    make_import,
    make_imported,
    make_scoring_job,
    make_standing_job,
    make_training_job,
    make_verifying_job,
    reload,
    write_text,
)
from tests.support.signing_in import make_user
from worker.receipts import Receipts

# A word that a line of a phone does not hold; markup, which must be seen and do nothing.
LONG = "a-very-long-name-without-any-blank-" * 3
NASTY = "<script>alert(1)</script> & <b>"
# Repeated lines, rare and invisible characters, two scripts, a line longer than any screen.
TEXT = "千里之行，始于足下。\nA journey begins under one's feet.\n\n" * 60 + (
    f"\u200b\ufeff{NASTY}\u00a0ŒÆ\n{'x' * 300}\n"
)
TEMPERATURES = (0.3, 0.6, 1.0)
PROMPT, WRITTEN = "A journey\n千里", f"之行，始于足下。\n  {NASTY}\n{'y' * 120} and so on"
COPYING = {"characters": 150, "longest": 8, "copied": 8, "share": 8 / 150, "found": 1,
           "stretches": [{"start": 0, "length": 8, "at": 2}]}  # fmt: skip
REPORT = {"replaced": {"é": "e", "\u200b": ""}, "left_out": ["☃"]}


@dataclass(frozen=True)
class Full:
    """The ids of what stands in the database; jobs by how they stand or what they do."""

    corpus: str
    jobs: Mapping[str, str]
    checkpoint: str
    sample: str
    model: str
    schedule: str
    receiver: str
    node: str
    team: str
    user: str
    # The secret of a sign-in link of that user.
    link: str


def fill(db: Database) -> Full:
    """Fill an empty database."""
    corpus = make_corpus(db, TEXT, LONG)
    text = store_text(db, NewText(io.BytesIO((TEXT * 2).encode()), "paste"))
    corpus = do(db, lambda s: add_version(s, DEFAULT_TEAM_ID, corpus.id, text))
    receiver = _receiver(db)
    trained, checkpoints = _trained(db, corpus)
    model = _model(db, checkpoints)
    jobs = {"trained": trained} | {
        name: make_standing_job(db, name) for name in ("paused", "cancelled", "failed")
    }
    jobs |= _writings(db, checkpoints[-1])
    jobs["lost"] = _lost(db, corpus)
    jobs |= _imports(db)
    schedule = _schedule(db, corpus, receiver, trained)
    jobs["running"] = _running(db, corpus)
    jobs["queued"] = make_training_job(db, corpus, name=NASTY)
    with db.read() as session:
        sample = list_samples(session, trained.id).data[-1].id
    ids = {name: job.id for name, job in jobs.items()}
    people = _people(db)
    node = _nodes(db, jobs["running"])
    return Full(
        corpus.id, ids, checkpoints[-1].id, sample, model, schedule, receiver, node, *people
    )


def _nodes(db: Database, running: Job) -> str:
    """Let a node with cards run a job, and one that is drained be away; return the first's name."""
    cpu = {"kind": "cpu", "name": f"A processor {LONG}", "memory": 64 * 10**9}
    gpu = {"kind": "gpu", "name": "NVIDIA A100-SXM4-80GB", "memory": 80 * 10**9}
    versions = {"charloom": "0.9.0", "python": "3.12.3", "tensorflow": "2.21.0", "driver": "550.1"}
    big = Machine(LONG[:90], [cpu, gpu, gpu], 64, 64 * 10**9, versions, ["a100", "quiet"])
    load = {"average": 3.25, "memory_free": 10**9, "gpus": [{"use": 97, "memory_used": 10**9}] * 2}
    seen = do(db, lambda s: see_node(s, big, load, 1e12))
    name = reload(db, running).worker or ""
    for worker, queue in ((name, "train"), ("other:2", "generate")):
        process = Process(new_id(), worker, [queue], "gpu 0", now(), node_id=seen.id)
        do(db, lambda s, p=process: see(s, p))  # type: ignore[misc]
    do(db, lambda s: see_node(s, Machine("small", [], 2, None, {}, []), {}))
    do(db, lambda s: drain(s, get_node(s, "small")))
    do(db, lambda s: s.execute(update(Node).where(Node.name == "small").values(seen_time=1e9)))
    return big.name


def _people(db: Database) -> tuple[str, str, str]:
    """Add another team and users, tokens of whoever was there already; tell the log of it."""
    other = do(db, lambda s: add_team(s, f"the others {LONG}")).id
    for user in do(db, list_users).data:
        do(db, lambda s, u=user: _at_home(s, get_user(s, u.id), other))  # type: ignore[misc]
    viewer = make_user(db, "grace", Role.VIEWER)
    maker = make_user(db, LONG[:100], Role.MEMBER)
    for made in (Corpus, Job, Schedule):
        do(db, lambda s, m=made: s.execute(update(m).values(user_id=maker.id)))  # type: ignore[misc]
    gone = make_user(db, "linus", Role.MEMBER)
    do(db, lambda s: change_user(s, get_user(s, gone.id), disabled=True))
    make_user(db, "newcomer", None)
    link = do(db, lambda s: make_link(s, get_user(s, viewer.id)))
    new = NewToken(DEFAULT_TEAM_ID, "hers", Right.READ)
    do(db, lambda s: make_token(s, get_user(s, viewer.id), new))
    return other, viewer.id, link


def _at_home(session: Session, user: User, other: str) -> None:
    set_role(session, DEFAULT_TEAM_ID, user, Role.MANAGER)
    set_role(session, other, user, Role.VIEWER)
    soon = datetime.now(UTC) + timedelta(days=30)
    tokens = [
        make_token(session, user, NewToken(team_id, name, scope, end))[0]
        for team_id, name, scope, end in (
            (DEFAULT_TEAM_ID, LONG, Right.MANAGE, soon),
            (other, NASTY, Right.READ, soon - timedelta(days=60)),
            (DEFAULT_TEAM_ID, "laptop", Right.SUBMIT, None),
        )
    ]
    note_use(session, tokens[0].id)
    revoke_token(session, tokens[2])
    actor = Actor(user.name, user.id, tokens[0].id, DEFAULT_TEAM_ID, "127.0.0.1")
    note(session, actor, Deed("members.role", user.id, details={"role": "manager"}))
    refused = Deed("signing.password", outcome=REFUSED, details={"name": NASTY})
    note(session, replace(NOBODY, address="2001:db8::1"), refused)


def _trained(db: Database, corpus: Corpus) -> tuple[Job, list[Checkpoint]]:
    job = make_training_job(
        db, corpus, name=LONG, epochs=3, sample_temperature=list(TEMPERATURES), keep_checkpoints=3
    )
    lease = claim_job(db, job)
    for epoch in range(1, 4):
        _epoch(db, lease, epoch)
    do(db, lambda s: succeed(s, lease))
    samples = do(db, lambda s: list_samples(s, job.id).data)
    do(db, lambda s: star(s, DEFAULT_TEAM_ID, samples[0].id))
    with db.read() as session:
        return job, list_checkpoints(session, job.id).data


def _epoch(db: Database, lease: Lease, epoch: int) -> None:
    loss = 2.4 / epoch
    finish_epoch(db, lease, epoch, sample=WRITTEN, temperatures=TEMPERATURES, loss=loss,
                 val_loss=loss + 0.1 * epoch)  # fmt: skip
    do(db, lambda s: _copied(s.query(Sample).filter_by(job_id=lease.job_id, epoch=epoch).all()))


def _copied(samples: Sequence[Sample]) -> None:
    for sample in samples:
        sample.copying = COPYING


def _running(db: Database, corpus: Corpus) -> Job:
    job = make_training_job(db, corpus, name="on its way", epochs=9)
    lease = claim_job(db, job)
    _epoch(db, lease, 1)
    progress = {
        "epoch": 2, "epochs": 9, "step": 7, "steps": 20, "fraction": 0.3, "loss": 1.5,
        "characters_per_second": 999.0, "eta_seconds": 130.0,
        "sample": {"prompt": PROMPT, "text": "being wri", "temperature": 0.6},
    }  # fmt: skip
    do(db, lambda s: report_progress(s, lease, progress))
    return job


def _lost(db: Database, corpus: Corpus) -> Job:
    job = make_training_job(db, corpus, name="lost")
    lease = claim_job(db, job)
    do(db, lambda s: fail(s, lease, "worker_lost", "its worker was lost 3 times"))
    return job


def _imports(db: Database) -> dict[str, Job]:
    """Return an import that succeeded, one that was refused, and a text that needs no corpus."""
    row = make_imported(db, vocabulary="\n J千里")
    refused = make_import(db, NASTY.encode())
    lease = claim_job(db, refused)
    do(db, lambda s: fail(s, lease, "weights_refused", f"/vars/{NASTY}: it is missing"))
    written = make_generation_job(db, row, prompt="J 千里", name="without a corpus")
    lease = claim_job(db, written)
    receipt = Receipts(written, row, None).of(
        NewOutput(1, 0.6, "J", {}, 3, 7, "length", "J J"), text_sha256([b"J J"]), "3.10.0"
    )
    _output(db, lease, 1, 0.6, receipt.as_json())
    do(db, lambda s: succeed(s, lease))
    imported = do(db, lambda s: s.get_one(Job, row.job_id))
    return {"imported": imported, "refused": refused, "unknown corpus": written}


def _writings(db: Database, checkpoint: Checkpoint) -> dict[str, Job]:
    fields: dict[str, Any] = {"prompt": PROMPT, "length": 150, "temperature": list(TEMPERATURES)}
    written, receipt = _written(db, make_generation_job(db, checkpoint, **fields), checkpoint)
    same, score = make_verifying_job(db, receipt), make_scoring_job(db, checkpoint, "千里 J")
    _answer(db, same, {"same": True, "first_difference": None, "problems": []})
    _answer(db, score, _scores("千里 J"))
    other = make_verifying_job(db, receipt)
    part = {"character": 1234, "expected": NASTY, "received": "千里"}
    problem = {"code": "receipt_differs", "field": "spec", "message": NASTY}
    _answer(db, other, {"same": False, "first_difference": part, "problems": [problem]})
    writing = make_generation_job(db, checkpoint, name=NASTY, **fields)
    lease = claim_job(db, writing)
    _output(db, lease, 1)
    write_text(db, lease, 2, "何事", "秋风\n")
    return {"written": written, "writing": writing, "score": score, "same": same, "other": other}


def _written(db: Database, job: Job, checkpoint: Checkpoint) -> tuple[Job, dict[str, Any]]:
    version = do(db, lambda s: s.get_one(CorpusVersion, checkpoint.corpus_version_id))
    receipts, lease, receipt = Receipts(job, checkpoint, version), claim_job(db, job), {}
    for number, temperature in enumerate(TEMPERATURES, start=1):
        made = NewOutput(number, temperature, PROMPT, REPORT, len(WRITTEN), 7, "length", WRITTEN)
        receipt = receipts.of(made, text_sha256([WRITTEN.encode()]), "3.10.0").as_json()
        _output(db, lease, number, temperature, receipt)
    do(db, lambda s: succeed(s, lease))
    return job, receipt


def _output(
    db: Database, lease: Lease, number: int, temperature: float = 0.3, receipt: Any = None
) -> None:
    output = NewOutput(number, temperature, PROMPT, REPORT, len(WRITTEN), 7, "length", WRITTEN,
                       copying=COPYING, receipt=receipt)  # fmt: skip
    do(db, lambda s: record_output(s, lease, output))


def _answer(db: Database, job: Job, result: dict[str, Any]) -> None:
    lease, stored = claim_job(db, job), make_blob(db, json.dumps(result).encode())
    do(db, lambda s: keep_result(s, lease, stored.id))
    do(db, lambda s: succeed(s, lease))


def _scores(text: str) -> dict[str, Any]:
    alternatives = [{"character": "e", "probability": 0.5}, {"character": " ", "probability": 0.1}]
    scores = [
        {"character": character, "probability": 0.9 / 8**place, "rank": place + 1,
         "alternatives": alternatives}
        for place, character in enumerate(text)
    ]  # fmt: skip
    return {"bits_per_character": 2.5, "characters": len(text), "report": REPORT,
            "scores": scores, "next": alternatives}  # fmt: skip


def _model(db: Database, checkpoints: Sequence[Checkpoint]) -> str:
    model = do(db, lambda s: ensure_model(s, DEFAULT_TEAM_ID, "the-bard"))
    first, second, third = (one.id for one in checkpoints)
    for candidate, against, ours in (
        (first, None, 2.5),
        (second, first, 2.3),
        (third, second, 2.9),
    ):
        theirs = 2.4 if against else None
        judged = Judgement(against, ours, theirs, 12, 0.034)
        do(db, lambda s, c=candidate, j=judged: decide(s, model.id, c, j))  # type: ignore[misc]
    job = make_generation_job(db, checkpoints[1], name="for the model")
    do(db, lambda s: work_for(s, model, job.id))
    _output(db, lease := claim_job(db, job), 1)
    do(db, lambda s: succeed(s, lease))
    return model.name


def _receiver(db: Database) -> str:
    url = "https://example.org/" + "x" * 150
    receiver = do(db, lambda s: add_receiver(s, DEFAULT_TEAM_ID, LONG, url=url))
    for outcome in (Outcome(0.5, 500, "it answered 500, not 2xx"), Outcome(0.1, 200, None)):
        do(db, lambda s: send_test(s, receiver))
        claimed = do(db, claim_notice)
        assert claimed is not None
        do(db, lambda s, c=claimed, o=outcome: record(s, c, o))  # type: ignore[misc]
    do(db, lambda s: send_test(s, receiver))
    return receiver.id


def _schedule(db: Database, corpus: Corpus, receiver: str, job: Job) -> str:
    request = ScheduleRequest.model_validate({
        "name": LONG, "cron": "nightly", "time_zone": "Asia/Shanghai", "corpus_id": corpus.id,
        "url": "https://example.org/" + "y" * 150, "model": "the-bard", "notify": [receiver],
        "training": {"preset": "tiny"}, "generation": {"length": 50},
    })  # fmt: skip
    schedule = do(db, lambda s: add_schedule(s, DEFAULT_TEAM_ID, request, datetime.now(UTC)))
    for day, (status, reason) in enumerate(RUNS.items(), start=1):
        do(db, lambda s, d=day, k=status, r=reason: _run(s, schedule, d, k, r, job))  # type: ignore[misc]
    return schedule.id


RUNS = {
    RunStatus.SUCCEEDED: "promoted: 2.300 bits a character, the promoted one 2.400",
    RunStatus.SKIPPED: "the text did not change",
    RunStatus.FAILED: "its training job failed",
}


def _run(
    session: Any, schedule: Schedule, day: int, status: RunStatus, reason: str, job: Job
) -> None:
    run = place(
        session, session.get_one(Schedule, schedule.id), datetime(2026, 3, day, 3, tzinfo=UTC)
    )
    run.job_id = job.id if status == RunStatus.SUCCEEDED else None
    end(run, status, reason)
