"""Teams take turns: whatever they do, none waits for more than two turns of any other."""

import threading
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from shared.accounts.models import DEFAULT_TEAM_ID, Team
from shared.corpora.models import Corpus
from shared.db import Database
from shared.jobs import services
from shared.jobs.models import Job, Status, Turn
from shared.jobs.rows import Lease
from shared.jobs.turns import teams_in_turn
from tests.support.factories import (
    claim_job,
    do,
    make_corpus,
    make_team,
    make_training_job,
    queue_many,
)
from tests.support.job_tables import clear
from tests.support.plans import explained

SETTINGS = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TEAMS = 3
# Who may stand between a team that waits and its next start: two starts of each other.
BOUND = 2
# Claims are every second step: else most of them would find nothing that waits.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "hand back", "finish", "pause", "resume", "cancel", "retry"]),
        st.integers(0, TEAMS - 1),
        st.integers(-1, 1),
        st.booleans(),
    ),
    min_size=20,
    max_size=60,
)


@dataclass
class World:
    """Three teams with a corpus each, what runs, and who started since each team's last start."""

    db: Database
    corpora: list[Corpus]
    leases: list[Lease] = field(default_factory=list)
    since: dict[str, Counter[str]] = field(default_factory=dict)

    def jobs(self, team_id: str, status: Status) -> list[Job]:
        """Return a team's jobs that stand so, oldest first."""
        query = select(Job).where(Job.team_id == team_id, Job.status == status).order_by(Job.id)
        with self.db.read() as session:
            return list(session.scalars(query))

    def step(self, what: str, corpus: Corpus, priority: int) -> None:
        """Let a team do something, where it can."""
        team_id = corpus.team_id
        if what == "submit":
            make_training_job(self.db, corpus, team_id=team_id, priority=priority)
        elif what in ("hand back", "finish"):
            move = services.hand_back if what == "hand back" else services.succeed
            if self.leases:
                lease = self.leases.pop(0)
                do(self.db, lambda s: move(s, lease))
        else:
            status = {"resume": Status.PAUSED, "retry": Status.CANCELLED}.get(what, Status.QUEUED)
            if jobs := self.jobs(team_id, status):
                do(self.db, lambda s: getattr(services, what)(s, jobs[0].id))

    def claim(self) -> None:
        """Start a job: the first of its team, and not the third start of it while another waits."""
        waiting = {c.team_id: self.jobs(c.team_id, Status.QUEUED) for c in self.corpora}
        job = do(self.db, lambda s: services.claim(s, "train", "w", 3600))
        assert (job is None) == (not any(waiting.values()))
        if job is None:
            return
        first = min(waiting[job.team_id], key=lambda one: (-one.priority, one.id))
        assert job.id == first.id, "priority and age decide inside a team"
        self.leases.append(Lease(job.id, job.attempt))
        for team_id, jobs in waiting.items():
            if team_id == job.team_id or not jobs:
                self.since.pop(team_id, None)
            else:
                started = self.since.setdefault(team_id, Counter())
                started[job.team_id] += 1
                assert max(started.values()) <= BOUND, (team_id, started)


def test_no_team_starves_whatever_is_done(db: Database) -> None:
    """Submissions, ends and moves of three teams in any order, a claim after every other one."""
    teams = [DEFAULT_TEAM_ID, *(make_team(db, name) for name in ("b", "c"))]
    corpora = [make_corpus(db, team_id=team_id) for team_id in teams]

    @SETTINGS
    @given(STEPS)
    def live(steps: list[tuple[str, int, int, bool]]) -> None:
        do(db, clear)
        world = World(db, corpora)
        for what, team, priority, claims in steps:
            world.step(what, corpora[team], priority)
            if claims:
                world.claim()
        while any(world.jobs(team_id, Status.QUEUED) for team_id in teams):
            world.claim()

    live()


@pytest.mark.parametrize("hours", [0, 8])
def test_many_waiting_jobs_hold_up_nobody(db: Database, hours: int) -> None:
    """Also where they have waited for long, and their team has had hundreds of turns."""
    corpus, other = make_corpus(db), make_team(db)
    ids = queue_many(db, corpus, 200)
    if hours:
        do(db, lambda s: s.add(Turn(team_id=DEFAULT_TEAM_ID, queue="train", at=500)))
    assert [claim_job(db).job_id for _ in range(4)] == ids[:4]
    singles = [make_training_job(db, team_id=other).id for _ in range(3)]
    order = [claim_job(db).job_id for _ in range(8)]
    assert order.index(singles[0]) <= 2
    assert order.index(singles[2]) <= 5, "turn by turn, not all at once"
    assert order.index(singles[2]) >= 4, "who comes late has nothing to make up for"


def test_one_teams_priority_is_nothing_to_another(db: Database) -> None:
    """Ten jobs of the highest priority stand behind one of the lowest, of another team."""
    corpus = make_corpus(db)
    for _ in range(10):
        make_training_job(db, corpus, priority=100)
    low = make_training_job(db, team_id=make_team(db), priority=-100)
    assert low.id in [claim_job(db).job_id for _ in range(2)]


def test_a_team_at_its_limit_is_passed_over(db: Database) -> None:
    """Its jobs wait, the others' run; when one of its has ended, its next one starts."""
    corpus, other = make_corpus(db), make_team(db)
    do(db, lambda s: s.execute(update(Team).where(Team.id == DEFAULT_TEAM_ID)
                               .values(most_running_jobs=1)))  # fmt: skip
    mine = [make_training_job(db, corpus).id for _ in range(3)]
    theirs = {make_training_job(db, team_id=other).id for _ in range(2)}
    first = claim_job(db)
    assert first.job_id == mine[0]
    assert {claim_job(db).job_id for _ in range(2)} == theirs
    assert do(db, lambda s: services.claim(s, "train", "w", 30)) is None
    do(db, lambda s: services.succeed(s, first))
    assert claim_job(db).job_id == mine[1]


def test_the_installations_limit_holds_for_a_team_without_one(db: Database) -> None:
    """Of both queues together."""
    make_training_job(db)
    make_training_job(db)
    assert do(db, lambda s: services.claim(s, "train", "w", 30, 1)) is not None
    assert do(db, lambda s: services.claim(s, "train", "w", 30, 1)) is None
    assert do(db, lambda s: services.claim(s, "train", "w", 30, 2)) is not None


def test_a_limit_saves_up_no_turns(db: Database) -> None:
    """A team that could not run for long gets one turn when it can again, then its share."""
    corpus, other = make_corpus(db), make_corpus(db, team_id=make_team(db))
    limited = update(Team).where(Team.id == DEFAULT_TEAM_ID)
    do(db, lambda s: s.execute(limited.values(most_running_jobs=0)))
    mine, theirs = set(queue_many(db, corpus, 9)), queue_many(db, other, 40)
    assert [claim_job(db).job_id for _ in range(20)] == theirs[:20]
    do(db, lambda s: s.execute(limited.values(most_running_jobs=None)))
    after = [claim_job(db).job_id in mine for _ in range(10)]
    assert sum(after) in (5, 6), after


def test_a_limit_holds_among_many_workers(db: Database) -> None:
    """Eight claims at once never run more of a team than it may have; other teams' all run."""
    corpus, other = make_corpus(db), make_corpus(db, team_id=make_team(db))
    queue_many(db, corpus, 12)
    queue_many(db, other, 4)
    limited = update(Team).where(Team.id == DEFAULT_TEAM_ID)
    do(db, lambda s: s.execute(limited.values(most_running_jobs=3)))
    started: list[str] = []

    def worker(name: str) -> None:
        for _ in range(6):
            if job := do(db, lambda s: services.claim(s, "train", name, 60)):
                started.append(job.team_id)

    threads = [threading.Thread(target=worker, args=[f"w{n}"]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter(started) == {DEFAULT_TEAM_ID: 3, other.team_id: 4}


def test_a_claim_looks_at_no_job_of_many(db: Database) -> None:
    """With very many jobs waiting the plan goes over their index, and a claim takes its first."""
    ids = queue_many(db, make_corpus(db), 10_000)
    plan = explained(db, teams_in_turn("train", 100))
    assert "ix_jobs_claim" in plan
    assert "ix_jobs_running" in plan or "ix_jobs_standing" in plan
    assert "Seq Scan on jobs" not in plan
    assert "SCAN jobs" not in plan
    assert claim_job(db).job_id == ids[0]
