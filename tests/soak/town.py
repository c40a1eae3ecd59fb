"""What all users share: which jobs and texts there are, whose they are, and how jobs may end."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.jobs.models import ENDED, Status
from tests.soak.people import Person

Json = dict[str, Any]
MOST_ASKED = 100


@dataclass
class Story:
    """A job as its maker knows it, and the statuses it may end with."""

    id: str
    kind: str
    team_id: str
    maker: str
    # How it ends when nobody meddles.
    end: str = Status.SUCCEEDED
    # Asked to end, and not queued again since: it may have ended by itself before.
    cancelled: bool = False
    paused: bool = False
    # As somebody saw it last.
    status: str = Status.QUEUED
    gone: bool = False

    @property
    def ends(self) -> set[str]:
        """The statuses that it may have at the end."""
        return {self.end, Status.CANCELLED} if self.cancelled else {self.end}

    def answers(self, *statuses: int) -> Callable[[], set[int]]:
        """Return what may answer a question for it: once it is deleted, also that it is gone."""
        return lambda: {*statuses, 404} if self.gone else {*statuses}

    @property
    def open(self) -> bool:
        """Whether it may still go on, as far as is known."""
        return not self.gone and self.status not in ENDED


@dataclass
class Text:
    """A corpus that was uploaded."""

    id: str
    maker: str
    gone: bool = False


@dataclass
class Club:
    """What a team has: a text and a model that stay, and what its users add."""

    team_id: str
    corpus: str = ""
    checkpoint: str = ""
    # The job that trained it.
    founder: str = ""
    texts: list[Text] = field(default_factory=list)
    # A secret that was good once.
    revoked: str = "charloom_never"


class Town:
    """All that is known of the service; filled by answers, never by the database."""

    def __init__(self, people: list[Person], most_open: int):
        self.people, self._most_open = people, most_open
        self.clubs = {person.team_id: Club(person.team_id) for person in people}
        self.jobs: dict[str, Story] = {}
        self.over = False

    def club(self, person: Person) -> Club:
        """Return what somebody's team has."""
        return self.clubs[person.team_id]

    def other(self, person: Person, rng: random.Random) -> Club:
        """Return what another team has."""
        return rng.choice([club for team, club in self.clubs.items() if team != person.team_id])

    def full(self) -> bool:
        """Tell whether enough waits or runs for now."""
        busy = [job for job in self.jobs.values() if job.open and job.status != Status.PAUSED]
        return len(busy) >= self._most_open

    def waiting(self, team_id: str) -> list[Story]:
        """Return the latest of a team's jobs that may go on, as many as one may ask for at once."""
        jobs = [job for job in self.jobs.values() if job.open and job.team_id == team_id]
        return jobs[-MOST_ASKED:]

    def tell(self, body: Json, person: Person, end: str = Status.SUCCEEDED) -> Story:
        """Note a job that was submitted; return its story."""
        new = Story(body["id"], body["kind"], person.team_id, person.name, end)
        return self.jobs.setdefault(new.id, new)

    def mine(self, person: Person, rng: random.Random) -> Story | None:
        """Return one of somebody's own jobs, one that may be meddled with."""
        founders = {club.founder for club in self.clubs.values()}
        jobs = [j for j in self.jobs.values()
                if j.maker == person.name and not j.gone and j.id not in founders]  # fmt: skip
        # Those that go on are more fun.
        lively = [job for job in jobs if job.open]
        return rng.choice(lively if lively and rng.random() < 0.6 else jobs) if jobs else None

    def theirs(self, person: Person, rng: random.Random, kind: str | None = None) -> Story | None:
        """Return one of the latest jobs of somebody's team."""
        jobs = [j for j in self.jobs.values() if j.team_id == person.team_id and not j.gone]
        jobs = [job for job in jobs if kind in (None, job.kind)]
        return rng.choice(jobs[-15:]) if jobs else None
