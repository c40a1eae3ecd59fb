"""When the sweeper went round last: told through Redis, by the age of a key of its own.

Nothing depends on it but what people are told: Redis may lose it.
"""

from redis import Redis, RedisError

from shared.waking import connection

KEY = "charloom.round"
KEPT_SECONDS = 24 * 3600


def note_round(url: str) -> None:
    """Tell that a round has ended; while Redis is away nobody is told."""
    client = connection(url)
    try:
        client.set(KEY, 1, ex=KEPT_SECONDS)
    except (RedisError, OSError):
        pass
    finally:
        client.close()


def last_round(client: "Redis") -> float | None:
    """Return how many seconds ago that was; None where nobody knows. Raises ``RedisError``."""
    # What is left of its life, so that no clock matters.
    left = int(client.pttl(KEY))
    return None if left < 0 else KEPT_SECONDS - left / 1000
