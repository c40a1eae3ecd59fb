"""What a team may have, and what it has."""

from dataclasses import dataclass

GB = 10**9


@dataclass(frozen=True)
class Limits:
    """What each team may have; ``worker_memory`` is of a worker where none is known."""

    corpora: int = 1_000
    corpus_bytes: int = 20 * GB
    queued_jobs: int = 5_000
    running_jobs: int = 100
    output_characters: int = 100_000_000
    worker_memory: int = 64 * GB


# The installation's, where nobody set others.
LIMITS = Limits()


@dataclass(frozen=True)
class Use:
    """What a team has of that which it may have."""

    corpora: int
    corpus_bytes: int
    queued_jobs: int
    running_jobs: int


@dataclass(frozen=True)
class Standing:
    """A limit of a team: what it may have, what it has, and whether the limit is its own.

    Of a limit of each single job nothing is used.
    """

    name: str
    limit: int
    used: int | None
    own: bool
