"""Workers, owners and the sweeper in any order: the tables say what the table of moves says."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import update
from sqlalchemy.orm import Session

from shared.blobs import StoredBlob
from shared.checkpoints.services import NewCheckpoint
from shared.corpora.models import Corpus
from shared.db import Database
from shared.errors import CharloomError
from shared.jobs import services
from shared.jobs.models import Job
from shared.jobs.records import NewOutput, NewSample, drop_unfinished, record_epoch, save_state
from shared.jobs.rows import Lease
from shared.jobs.written import NewPiece, finish_text, write_pieces
from tests.support.factories import NUMBERS, do, make_blob, make_corpus, make_training_job
from tests.support.job_model import ACCEPTED, Model, ModelJob
from tests.support.job_tables import checkpoint_id, clear, pictures

SETTINGS = settings(
    max_examples=30,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    deadline=None,
    # To look for the shortest life that fails takes minutes: add Phase.shrink when one does.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# Longer than the test takes: a lease runs out only where a rule makes it.
LONG = 3600
KEEP, MOST_JOBS = 1, 4

Step = Callable[[Session], Any]
Workers = tuple[Callable[[Model, Lease], Any], Callable[[Session, Lease], Any]]

# What a worker does, to the model and to the database.
BEAT: dict[str, Workers] = {
    "renew": (Model.renew, lambda s, lease: services.renew(s, lease, LONG)),
    "progress": (
        lambda m, lease: m.held(lease).requested,
        lambda s, lease: services.report_progress(s, lease, {"fraction": 0.5}),
    ),
}
END: dict[str, Workers] = {
    "succeed": (Model.succeed, services.succeed),
    "fail": (
        lambda m, lease: m.fail(lease, "diverged"),
        lambda s, lease: services.fail(s, lease, "diverged", "no number"),
    ),
    "hand back": (lambda m, lease: m.held(lease).stop(), services.hand_back),
    "lose": (
        lambda m, lease: m.held(lease).lose(),
        lambda s, lease: services.lose(s, lease, "killed"),
    ),
}


class AnyOrder(RuleBasedStateMachine):
    """Every rule does one thing to the model and to the database, and compares."""

    def __init__(self, db: Database, corpus: Corpus, blob: StoredBlob):
        super().__init__()
        self.db, self.corpus, self.blob = db, corpus, blob
        self.model = Model()
        # All that there ever were: also deleted jobs are moved, and old leases are used.
        self.job_ids: list[str] = []
        self.leases: list[Lease] = []
        do(db, clear)

    def both(self, expected: Callable[[], Any], step: Step) -> Any:
        """Do a thing to both; where the model refuses it, the database must, in the same way."""
        try:
            wanted = expected()
        except CharloomError as refusal:
            with pytest.raises(type(refusal)):
                do(self.db, step)
            return None
        return wanted, do(self.db, step)

    def any_lease(self, data: st.DataObject) -> Lease:
        """Draw a lease: often one that still holds its job, where there is one."""
        held = [lease for lease in self.leases if self.model.holds(lease)]
        old = not held or data.draw(st.booleans())
        return data.draw(st.sampled_from(self.leases if old else held))

    def has(self, *statuses: str) -> bool:
        """Tell whether any job stands so."""
        return any(job.status in statuses for job in self.model.jobs.values())

    # The owner

    @precondition(lambda self: len(self.model.jobs) < MOST_JOBS)
    @rule(priority=st.integers(0, 1), max_losses=st.integers(1, 2), data=st.data())
    def submit(self, priority: int, max_losses: int, data: st.DataObject) -> None:
        """A new job, or one that works with another's newest checkpoint."""
        starts = [(i, max(j.checkpoints)) for i, j in self.model.jobs.items() if j.checkpoints]
        start = data.draw(st.sampled_from([*starts, None]))
        with self.db.read() as session:
            row_id = start and checkpoint_id(session, *start)
        job = make_training_job(
            self.db, self.corpus, priority=priority, max_losses=max_losses,
            keep_checkpoints=KEEP, from_checkpoint_id=row_id,
        )  # fmt: skip
        turn = (-job.priority, job.id)
        self.model.jobs[job.id] = ModelJob(max_losses, turn, start)
        self.job_ids.append(job.id)

    @precondition(lambda self: self.job_ids)
    @rule(move=st.sampled_from(sorted(ACCEPTED)), data=st.data())
    def move(self, move: str, data: st.DataObject) -> None:
        """Any move of any job: often of one that may be moved so."""
        may = [i for i, job in self.model.jobs.items() if job.status in ACCEPTED[move]]
        any_other = not may or data.draw(st.booleans())
        job_id = data.draw(st.sampled_from(self.job_ids if any_other else may))
        step = getattr(services, move)
        self.both(lambda: self.model.move(move, job_id), lambda s: step(s, job_id))

    # The workers

    @precondition(lambda self: self.has("queued"))
    @rule(worker=st.sampled_from(["one", "two"]), late=st.booleans())
    def claim(self, worker: str, late: bool) -> None:
        """The first in the order of turns."""
        seconds = -1 if late else LONG
        lease, job = self.both(
            lambda: self.model.claim(worker, late),
            lambda s: services.claim(s, "train", worker, seconds),
        )
        assert lease == Lease(job.id, job.attempt)
        self.leases.append(lease)

    @precondition(lambda self: self.has("running"))
    @rule(beat=st.sampled_from(sorted(BEAT)), data=st.data())
    def beat(self, beat: str, data: st.DataObject) -> None:
        """The worker learns what was requested."""
        lease = self.any_lease(data)
        expected, step = BEAT[beat]
        if said := self.both(lambda: expected(self.model, lease), lambda s: step(s, lease)):
            assert said[0] == said[1]

    @precondition(lambda self: self.has("running"))
    @rule(data=st.data())
    def save_state(self, data: st.DataObject) -> None:
        """Without an event."""
        lease = self.any_lease(data)
        self.both(lambda: self.model.save_state(lease), lambda s: save_state(s, lease, self.blob))

    @precondition(lambda self: self.has("running"))
    @rule(more=st.integers(0, 3), loss=st.sampled_from([1.0, 2.0]), data=st.data())
    def record_epochs(self, more: int, loss: float, data: st.DataObject) -> None:
        """The next ones, or the last one again."""
        lease = self.any_lease(data)
        job = self.model.jobs.get(lease.job_id)
        last = len(job.epochs) if job else 0
        for epoch in range(last + 1, last + more + 1) or [max(1, last)]:
            self.record_epoch(lease, epoch, loss)

    def record_epoch(self, lease: Lease, epoch: int, loss: float) -> None:
        """Record one epoch."""
        columns = NUMBERS | {"epoch": epoch, "val_loss": loss}
        new = NewCheckpoint(self.blob, self.corpus.latest_version.vocabulary, 2.0, loss)
        sample = NewSample(0.6, "It was", "and then", 7)
        self.both(
            lambda: self.model.record_epoch(lease, epoch, loss, KEEP),
            lambda s: record_epoch(s, lease, columns, [sample], new, self.blob),
        )

    @precondition(lambda self: self.has("running"))
    @rule(number=st.integers(1, 2), data=st.data())
    def finish_text(self, number: int, data: st.DataObject) -> None:
        """Each number once."""
        lease = self.any_lease(data)
        output = NewOutput(number, 0.6, "a", {}, 3, 0, "length")
        self.both(
            lambda: self.model.finish_text(lease, number),
            lambda s: finish_text(s, lease, output),
        )

    @precondition(lambda self: self.has("running"))
    @rule(number=st.integers(1, 2), again=st.booleans(), data=st.data())
    def write_piece(self, number: int, again: bool, data: st.DataObject) -> None:
        """The next one of a text, or the last one again."""
        lease = self.any_lease(data)
        job = self.model.jobs.get(lease.job_id)
        place = max(0, (job.pieces.get(number, 0) if job else 0) - again)
        piece = NewPiece(number, 3 * place, 3 * place, "abc")
        self.both(
            lambda: self.model.write_piece(lease, number, place),
            lambda s: write_pieces(s, lease, [piece]),
        )

    @precondition(lambda self: self.has("running"))
    @rule(data=st.data())
    def drop_unfinished(self, data: st.DataObject) -> None:
        """The pieces of texts that are not finished, as a new attempt does."""
        lease = self.any_lease(data)
        if said := self.both(
            lambda: self.model.drop_unfinished(lease), lambda s: drop_unfinished(s, lease)
        ):
            assert said[0] == said[1]

    @precondition(lambda self: self.has("running"))
    @rule(end=st.sampled_from(sorted(END)), data=st.data())
    def end(self, end: str, data: st.DataObject) -> None:
        """The job stops running, whichever way."""
        lease = self.any_lease(data)
        expected, step = END[end]
        self.both(lambda: expected(self.model, lease), lambda s: step(s, lease))

    # The sweeper

    @precondition(lambda self: self.has("running"))
    @rule(data=st.data())
    def run_out(self, data: st.DataObject) -> None:
        """Time passes without a renewal."""
        running = [id_ for id_, job in self.model.jobs.items() if job.status == "running"]
        job_id = data.draw(st.sampled_from(running))
        self.model.jobs[job_id].late = True
        late = update(Job).where(Job.id == job_id).values(lease_until=1.0)
        do(self.db, lambda s: s.execute(late))

    @precondition(lambda self: any(job.late for job in self.model.jobs.values()))
    @rule()
    def expire(self) -> None:
        """Only those that ran out."""
        late, jobs = self.both(self.model.expire, services.expire)
        assert late == {job.id for job in jobs}

    @invariant()
    def the_tables_are_as_the_model(self) -> None:
        """Every job's row and all its rows elsewhere, and none of a deleted job."""
        with self.db.read() as session:
            found = pictures(session)
        assert found == {id_: job.picture() for id_, job in self.model.jobs.items()}


def test_any_order(db: Database) -> None:
    """Thirty lives of forty steps each, the same ones every time."""
    corpus, blob = make_corpus(db), make_blob(db, b"a model, or a state")

    class Here(AnyOrder):
        def __init__(self) -> None:
            super().__init__(db, corpus, blob)

    run_state_machine_as_test(Here, settings=SETTINGS)
