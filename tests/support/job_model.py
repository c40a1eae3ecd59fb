"""The table of moves as a program without a database: what must be true after each of them."""

from dataclasses import dataclass, field
from typing import Any

from shared.errors import InUse, LeaseLost, MoveRefused, NotFound
from shared.jobs.rows import Lease

ENDED = ("succeeded", "failed", "cancelled")
SHOWN = (
    *("max_losses", "status", "requested", "attempt", "losses", "worker", "error_code"),
    *("late", "events", "epochs", "has_state"),
)
REQUESTED = {"cancel": "cancelled", "pause": "paused"}

# What a job's owner may want, and of which jobs.
ACCEPTED = {
    "cancel": ("queued", "paused", "running"),
    "pause": ("queued", "running"),
    "resume": ("paused",),
    "retry": ("failed", "cancelled"),
    "delete": ENDED,
}


@dataclass
class ModelJob:
    """A job as the table has it."""

    max_losses: int
    # Its place in the order of claims, and the job and epoch whose checkpoint it works with.
    turn: tuple[int, str]
    start: tuple[str, int] | None = None
    status: str = "queued"
    requested: str | None = None
    attempt: int = 0
    losses: int = 0
    worker: str | None = None
    late: bool = False
    error_code: str | None = None
    events: list[str] = field(default_factory=lambda: ["queued"])
    epochs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    # The texts that are begun, with how many pieces each has.
    pieces: dict[int, int] = field(default_factory=dict)
    # Epochs whose checkpoints are kept, with what they are judged by.
    checkpoints: dict[int, float] = field(default_factory=dict)
    has_state: bool = False

    def picture(self) -> dict[str, Any]:
        """Return what the tables must say of the job."""
        return {
            **{name: getattr(self, name) for name in SHOWN},
            "event_seq": len(self.events),
            "samples": self.epochs,
            "outputs": sorted(self.outputs),
            "pieces": sorted(n for n, count in self.pieces.items() for _ in range(count)),
            "checkpoints": sorted(self.checkpoints),
            "has_lease": self.status == "running",
            "has_ended": self.status in ENDED,
        }

    def leave(self, status: str) -> None:
        """Stop running."""
        self.status, self.requested, self.worker, self.late = status, None, None, False
        self.events.append(status)

    def stop(self) -> None:
        """Stop running without an end of its own."""
        self.leave(REQUESTED.get(self.requested or "", "queued"))

    def stop_for(self, move: str) -> None:
        """Stop at once, or when the worker does."""
        if self.status == "running":
            self.requested = move
            self.events.append("requested")
        else:
            self.status = REQUESTED[move]
            self.events.append(self.status)

    def queue_again(self) -> None:
        """Wait again; who ended starts afresh with the losses."""
        if self.status in ENDED:
            self.losses, self.error_code = 0, None
        self.status = "queued"
        self.events.append("queued")

    def lose(self) -> None:
        """Stop running because the worker is gone."""
        self.losses += 1
        if self.requested is None and self.losses >= self.max_losses:
            self.error_code = "worker_lost"
            self.leave("failed")
        else:
            self.stop()


class Model:
    """All jobs, and every move of them; a refused one raises what the service raises."""

    def __init__(self) -> None:
        self.jobs: dict[str, ModelJob] = {}

    def claim(self, worker: str, late: bool) -> Lease | None:
        """Take the first waiting job in the order of turns."""
        waiting = [(job.turn, id_) for id_, job in self.jobs.items() if job.status == "queued"]
        if not waiting:
            return None
        id_ = min(waiting)[1]
        job = self.jobs[id_]
        job.status, job.worker, job.late = "running", worker, late
        job.attempt += 1
        job.events.append("running")
        return Lease(id_, job.attempt)

    def holds(self, lease: Lease) -> bool:
        """Tell whether the lease's job is still its own."""
        job = self.jobs.get(lease.job_id)
        return job is not None and (job.status, job.attempt) == ("running", lease.attempt)

    def held(self, lease: Lease) -> ModelJob:
        """Return the job that a worker writes to. Raises ``LeaseLost``."""
        if not self.holds(lease):
            raise LeaseLost
        return self.jobs[lease.job_id]

    def renew(self, lease: Lease) -> str | None:
        """Prolong a lease, also one that ran out unseen."""
        job = self.held(lease)
        job.late = False
        return job.requested

    def record_epoch(self, lease: Lease, epoch: int, loss: float, keep: int) -> None:
        """Record an epoch once; keep the newest checkpoints, the best, those that are used."""
        job = self.held(lease)
        if epoch in job.epochs:
            return
        job.epochs.append(epoch)
        job.losses, job.has_state = 0, True
        job.events += ["epoch", "sample", "checkpoint"]
        job.checkpoints[epoch] = loss
        best = min(job.checkpoints, key=lambda e: (job.checkpoints[e], e))
        needed = {*sorted(job.checkpoints)[-keep:], best}
        needed |= {e for user in self.jobs.values() if user.start for e in self._of(user, lease)}
        job.checkpoints = {e: loss for e, loss in job.checkpoints.items() if e in needed}

    def save_state(self, lease: Lease) -> None:
        """Replace the resume state."""
        self.held(lease).has_state = True

    def write_piece(self, lease: Lease, number: int, place: int) -> None:
        """Go on with a text, or write its last piece again."""
        job = self.held(lease)
        if place == job.pieces.get(number, 0):
            job.pieces[number] = place + 1
            job.events.append("text")

    def drop_unfinished(self, lease: Lease) -> set[int]:
        """Begin the texts anew that are not finished."""
        job = self.held(lease)
        if job.pieces:
            job.events.append("outputs_discarded")
        job.pieces = {}
        return set(job.outputs)

    def finish_text(self, lease: Lease, number: int) -> None:
        """Record a text once; its pieces go."""
        job = self.held(lease)
        job.pieces.pop(number, None)
        if number not in job.outputs:
            job.outputs.append(number)
            job.events.append("output")

    def succeed(self, lease: Lease) -> None:
        """End well, whatever was requested."""
        job = self.held(lease)
        job.has_state = False
        job.leave("succeeded")

    def fail(self, lease: Lease, code: str) -> None:
        """End with an error."""
        job = self.held(lease)
        job.error_code = code
        job.leave("failed")

    def expire(self) -> set[str]:
        """Take back every running job whose lease ran out."""
        late = {id_ for id_, job in self.jobs.items() if job.status == "running" and job.late}
        for id_ in late:
            self.jobs[id_].lose()
        return late

    def move(self, move: str, job_id: str) -> None:
        """Do what a job's owner wants."""
        if job_id not in self.jobs:
            raise NotFound
        job = self.jobs[job_id]
        if job.status not in ACCEPTED[move]:
            raise MoveRefused
        if move == "delete":
            self._delete(job_id)
        elif move in REQUESTED:
            job.stop_for(move)
        else:
            job.queue_again()

    def _delete(self, job_id: str) -> None:
        if any(job.start and job.start[0] == job_id for job in self.jobs.values()):
            raise InUse
        del self.jobs[job_id]

    @staticmethod
    def _of(user: ModelJob, lease: Lease) -> list[int]:
        """Return the epoch of the checkpoint that a job works with, if it is of this one."""
        return [user.start[1]] if user.start and user.start[0] == lease.job_id else []
