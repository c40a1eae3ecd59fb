"""Steps down from filled tables, and up again: what is older stays, on both databases."""

from sqlalchemy import inspect, select, text, update

import migrations
from shared.accounts.audit import NOBODY, Deed, note
from shared.accounts.models import DEFAULT_TEAM_ID, Team
from shared.accounts.rights import Right, Role
from shared.accounts.services import add_user
from shared.accounts.teams import set_role
from shared.accounts.tokens import NewToken, make_token
from shared.blobs import BlobHold
from shared.checkpoints.models import Checkpoint
from shared.corpora.models import Corpus
from shared.corpora.queries import get_corpus
from shared.db import Database, database_now, now
from shared.ids import new_id
from shared.jobs.answers import INPUT, attach, keep_result
from shared.jobs.models import Epoch, Job, Output, Sample
from shared.jobs.queries import list_samples
from shared.jobs.records import NewOutput, record_output
from shared.jobs.requests import TrainingPlan
from shared.jobs.services import succeed
from shared.jobs.stars import star
from shared.models.models import NamedModel
from shared.models.services import ensure_model, promote, work_for
from shared.nodes.services import Machine, see_node
from shared.notices.sending import Outcome, claim_notice, record
from shared.notices.services import add_receiver, send_test, tell_job
from shared.schedules.models import Schedule
from shared.schedules.requests import ScheduleRequest
from shared.schedules.services import add_schedule, run_now
from shared.workers.services import Process, see
from tests.support.counting import rows
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_blob,
    make_checkpoint,
    make_corpus,
    make_generation_job,
    make_import,
    make_imported,
    make_scoring_job,
    make_training_job,
    write_text,
)


def test_pieces_go_and_come_back_empty(database_url: str, db: Database) -> None:
    """Down, the table of pieces goes and no other row; up again it is there."""
    lease = claim_job(db, make_generation_job(db, make_checkpoint(db)))
    write_text(db, lease, 1, "It was ", "the best")
    before = rows(db)
    assert before["output_pieces"] == 2
    db.close()
    migrations.downgrade(database_url, "0001")
    with db.read() as session:
        assert "output_pieces" not in inspect(session.connection()).get_table_names()
    db.close()
    migrations.upgrade(database_url)
    assert rows(db) == before | {"output_pieces": 0, "turns": 0}


def test_answers_go_and_no_other_job(database_url: str, db: Database) -> None:
    """Down, jobs that answer go with all they left; the others keep all but their receipts, and
    have the queues of their kinds when it goes up again."""
    checkpoint = make_checkpoint(db)
    lease = claim_job(db, make_generation_job(db, checkpoint))
    with db.write() as session:
        record_output(session, lease, NewOutput(1, 1, "a", {}, 1, 0, "length", "b", receipt={}))
    before = rows(db)
    answer = claim_job(db, make_scoring_job(db, checkpoint))
    result = make_blob(db, b"{}")
    with db.write() as session:
        keep_result(session, answer, result.id)
        succeed(session, answer)
    make_scoring_job(db, checkpoint)
    db.close()
    migrations.downgrade(database_url, "0006")
    migrations.upgrade(database_url)
    emptied = {"blobs": 0, "blob_chunks": 0, "turns": 0}
    assert rows(db) | emptied == before | emptied
    with db.read() as session:
        assert [
            tuple(row) for row in session.execute(select(Job.kind, Job.queue).order_by(Job.id))
        ] == [
            ("train", "train"),
            ("generate", "generate"),
        ]
        assert session.scalars(select(Output.receipt)).all() == [None]


def test_stars_and_rates_go_and_no_row(database_url: str, db: Database) -> None:
    """Down, samples lose their stars and epochs their rates; up again none has any."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease, temperatures=[0.3, 1.0])
    with db.write() as session:
        starred = star(session, DEFAULT_TEAM_ID, list_samples(session, lease.job_id).data[0].id)
        assert starred.starred
    before = rows(db)
    db.close()
    migrations.downgrade(database_url, "0008")
    with db.read() as session:
        columns = inspect(session.connection()).get_columns("samples")
    assert "starred" not in {column["name"] for column in columns}
    db.close()
    migrations.upgrade(database_url)
    assert rows(db) == before | {"turns": 0}
    with db.read() as session:
        assert session.scalars(select(Sample.starred)).all() == [False, False]
        assert session.scalars(select(Epoch.learning_rate)).all() == [None]


def test_imports_go_with_what_they_wrote(database_url: str, db: Database) -> None:
    """Down, an import goes with its checkpoint and its texts; a run that began with it stays, as
    does a model that had promoted it; up again both are there, without it."""
    checkpoint = make_checkpoint(db)
    before = rows(db)
    row = make_imported(db, window=20, units=16)
    with db.write() as session:
        promote(session, ensure_model(session, DEFAULT_TEAM_ID, "bard"), row, "by hand")
    make_generation_job(db, row, prompt="It")
    make_scoring_job(db, row)
    with db.read() as session:
        corpus_id = session.scalars(select(Corpus.id)).one()
    begun = make_training_job(
        db, get(db, corpus_id), from_checkpoint_id=row.id, window=20, units=16
    )
    make_import(db, b"another")
    db.close()
    migrations.downgrade(database_url, "0012")
    migrations.upgrade(database_url)
    after = rows(db)
    assert after["jobs"] == before["jobs"] + 1
    assert (after["checkpoints"], after["models"]) == (before["checkpoints"], 1)
    with db.read() as session:
        assert session.get_one(Job, begun.id).checkpoint_id is None
        assert session.scalars(select(NamedModel.checkpoint_id)).all() == [None]
        assert set(session.scalars(select(Job.kind))) == {"train"}
        assert session.scalars(select(Checkpoint.id)).all() == [checkpoint.id]


def get(db: Database, corpus_id: str) -> Corpus:
    """Return a corpus with its versions."""
    with db.read() as session:
        return get_corpus(session, DEFAULT_TEAM_ID, corpus_id)


def test_turns_and_limits_go_and_no_job(database_url: str, db: Database) -> None:
    """Down, waiting jobs are claimed by their age again; up, teams have no limits of their own."""
    make_checkpoint(db)
    waiting = [make_training_job(db, priority=priority) for priority in (0, 5, 0)]
    with db.write() as session:
        session.execute(update(Team).values(most_running_jobs=1, most_corpus_bytes=10**12))
    before = rows(db)
    assert before["turns"] == 1
    db.close()
    migrations.downgrade(database_url, "0014")
    with db.read() as session:
        order = text("select name from jobs where status = 'queued' "
                     "order by priority desc, fair_at, id")  # fmt: skip
        assert len(session.scalars(order).all()) == len(waiting)
    db.close()
    migrations.upgrade(database_url)
    assert rows(db) == before | {"turns": 0}
    with db.read() as session:
        team = session.get_one(Team, DEFAULT_TEAM_ID)
        assert (team.most_running_jobs, team.most_corpus_bytes) == (None, None)
    assert claim_job(db).job_id == waiting[1].id


def test_nodes_go_and_no_job(database_url: str, db: Database) -> None:
    """Down, workers forget their nodes, and jobs and schedules what they asked for: any worker
    takes them, and the release before can read their plans."""
    with db.write() as session:
        node = see_node(session, Machine("node", [], 2, None, {}, []), {})
        see(session, Process(new_id(), "node:1", ["train"], "cpu", now(), node_id=node.id))
    job = make_training_job(db, needs={"gpu": True})
    needs = {"needs": {"gpu": True}}
    plan = {"name": "s", "cron": "hourly", "corpus_id": make_corpus(db).id, "model": "bard",
            "training": {"preset": "tiny"} | needs}  # fmt: skip
    for more in ({}, {"generation": {"length": 50} | needs}):
        request = ScheduleRequest.model_validate(plan | more | {"name": f"s{len(more)}"})
        do(db, lambda s, r=request: add_schedule(s, DEFAULT_TEAM_ID, r, now()))  # type: ignore[misc]
    before = rows(db)
    db.close()
    migrations.downgrade(database_url, "0015")
    migrations.upgrade(database_url)
    assert rows(db) == before | {"nodes": 0}
    assert claim_job(db).job_id == job.id
    with db.read() as session:
        plans = session.execute(
            select(Schedule.training, Schedule.generation).order_by(Schedule.name)
        ).all()
    assert [set(training) for training, _ in plans] == [{"preset"}] * 2
    written = [generation for _, generation in plans]
    assert written[0] is None
    assert written[1]["length"] == 50
    assert "needs" not in written[1]


def test_every_step_down_keeps_what_is_older(database_url: str, db: Database) -> None:
    """Down from schedules, notices and copies a step at a time, filled; and up again."""
    fill_what_is_newer(db)
    before = rows(db)
    assert all(before[name] for name in NEWER)
    db.close()
    for revision in ("0005", "0004", "0003", "0002"):
        migrations.downgrade(database_url, revision)
    with db.read() as session:
        left = set(inspect(session.connection()).get_table_names())
    assert left == set(before) - NEWER | {"alembic_version"}
    db.close()
    migrations.upgrade(database_url)
    assert rows(db) == before | dict.fromkeys(NEWER, 0)


NEWER = {
    *("models", "model_jobs", "decisions", "schedules", "schedule_runs"),
    *("receivers", "job_receivers", "schedule_receivers", "notices", "deliveries"),
    *("job_files", "workers", "turns", "nodes", "blob_holds"),
    *("users", "memberships", "api_tokens", "audit_entries"),
}


def fill_what_is_newer(db: Database) -> None:
    """Put a row at least into every table of the later migrations."""
    do(db, lambda session: session.add(BlobHold(id=new_id(), until=0.0)))
    checkpoint = make_checkpoint(db)
    job = make_generation_job(db, checkpoint)
    corpus = make_corpus(db)
    plan = {"name": "s", "cron": "hourly", "corpus_id": corpus.id, "model": "bard",
            "training": TrainingPlan(preset="tiny")}  # fmt: skip
    with db.write() as session:
        receiver = add_receiver(session, DEFAULT_TEAM_ID, "r", url="https://example.org")
        request = ScheduleRequest.model_validate(plan | {"notify": [receiver.id]})
        schedule = add_schedule(session, DEFAULT_TEAM_ID, request, database_now(session))
        run_now(session, DEFAULT_TEAM_ID, schedule.id, database_now(session))
        model = session.get_one(NamedModel, schedule.model_id)
        promote(session, model, checkpoint, "by hand")
        work_for(session, model, job.id)
        tell_job(session, job.id, [receiver.id])
        attach(session, job.id, INPUT, checkpoint.blob_id)
        send_test(session, receiver)
        node = see_node(session, Machine("node", [], 2, 10**9, {}, ["a100"]), {"average": 0.5})
        see(session, Process(new_id(), "node:1", ["train"], "cpu", now(), node_id=node.id))
        user = add_user(session, "ada")
        set_role(session, DEFAULT_TEAM_ID, user, Role.MEMBER)
        make_token(session, user, NewToken(DEFAULT_TEAM_ID, "laptop", Right.SUBMIT))
        note(session, NOBODY, Deed("accounts.fill"))
    with db.write() as session:
        claimed = claim_notice(session)
        assert claimed is not None
        record(session, claimed, Outcome(0.1, 200))
