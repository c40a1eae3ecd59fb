"""How long the load lasts, by how many, and what may grow by how much."""

from dataclasses import dataclass

TEAMS = 5
# No text is larger; several are a few megabytes.
MAX_UPLOAD = 6_000_000
ENVIRONMENT = {
    "CHARLOOM_MAX_UPLOAD_BYTES": str(MAX_UPLOAD),
    # As an installation has them: here nobody is killed.
    "CHARLOOM_LEASE_SECONDS": "30",
    "CHARLOOM_RENEW_SECONDS": "5",
    "CHARLOOM_SWEEP_SECONDS": "3",
    # Hosts' addresses inside are refused, as everywhere.
    "CHARLOOM_PRIVATE_ADDRESSES": "false",
}


@dataclass(frozen=True)
class Plan:
    """One soak. ``think`` is the mean pause of a user between two things, in seconds."""

    seconds: float
    # At its start: caches fill, threads and connections are made, TensorFlow compiles.
    warm_up: float
    users: int = 50
    think: float = 2.5
    look_seconds: float = 5.0
    drain_seconds: float = 240.0
    # What is deleted shall be seen to be gone while we look; a request on a crowded machine may
    # take tens of seconds, and an hour is what an installation gives it.
    grace_seconds: int = 60
    # Unfinished trainings and texts, of all: what is above it would wait for hours.
    most_open: int = 12
    # Bytes a process may grow by an hour, with what the noise may hide taken off.
    most_slope: float | None = None
    # Or, where the time is too short for a slope: bytes from the first third to the last.
    most_growth: float | None = None


# 12 MB an hour at some 90,000 answers an hour are 130 bytes for each: less than any object that
# a request could leave behind. In 25 minutes it is 5 MB, which is as much as the allocator's noise.
LONG = Plan(seconds=1800, warm_up=300, most_slope=12e6)
# A leak of a kilobyte a request would not show; one of the text that is uploaded does.
SHORT = Plan(
    seconds=180, warm_up=40, think=4.0, look_seconds=2, drain_seconds=120, most_open=6,
    grace_seconds=10,
    most_growth=64e6,
)  # fmt: skip
