"""Checks of Redis: whether it answers, what it does when it is full, its clock."""

from typing import Any

from redis import Redis

from cli.doctor.database import skew
from cli.doctor.findings import Finding, fine, problem, warning

# The share of its memory from which it is nearly full.
FULL = 0.9


def version(redis: "Redis") -> Finding:
    """Tell which server it is."""
    return fine("redis", f"Redis {_info(redis)['redis_version']} answers")


def policy(redis: "Redis") -> Finding:
    """Look at what it does when its memory is full."""
    found = _info(redis)["maxmemory_policy"]
    if found == "noeviction":
        return fine("redis maxmemory-policy", "noeviction")
    return warning(
        "redis maxmemory-policy",
        f"{found}: when it is full it drops tickets and counts of requests without a word",
        "set `maxmemory-policy noeviction` in redis.conf",
    )


def memory(redis: "Redis") -> Finding:
    """Look at how full it is."""
    info = _info(redis)
    used, most = int(info["used_memory"]), int(info["maxmemory"])
    told = f"{used / 1e6:,.1f} MB used, limit {f'{most / 1e6:,.1f} MB' if most else 'none'}"
    if most and used >= most:
        return problem("redis memory", told, "raise maxmemory: it takes no tickets any more")
    if most and used > most * FULL:
        return warning("redis memory", told, "raise maxmemory, or see what else uses this server")
    return fine("redis memory", told)


def clock(redis: "Redis") -> Finding:
    """Compare its clock with this machine's."""

    def ask() -> float:
        seconds, micro = redis.time()
        return float(seconds + micro / 1e6)

    return skew("clock of redis", ask)


def _info(redis: "Redis") -> dict[str, Any]:
    found: dict[str, Any] = redis.info()
    return found
