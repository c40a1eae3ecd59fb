"""What the service takes, looked at every few seconds (Linux: read from /proc)."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from tests.chaos.processes import MARKS, parent
from tests.support.stacks import processes

ROLES = MARKS | {"supervisor": " up --port "}
# ``memory`` is what is in no file, shared pages by their share: other programs do not
# change it, though they share our libraries.
MEASURES = ("memory", "rss", "fds", "threads")


@dataclass
class Series:
    """One process: when it was looked at, and what was seen."""

    name: str
    pid: int
    seconds: list[float] = field(default_factory=list)
    seen: dict[str, list[float]] = field(default_factory=lambda: {m: [] for m in MEASURES})


class Watch:
    """Looks from a thread of its own while it is entered."""

    def __init__(self, mark: str, redis_url: str, every: float):
        self._mark, self._every = mark, every
        self._redis = Redis.from_url(redis_url, socket_timeout=5)
        self._over, self._begun = threading.Event(), time.monotonic()
        self._thread = threading.Thread(target=self._run, name="watch")
        self._series: dict[int, Series] = {}
        self.redis_seconds: list[float] = []
        self.redis_keys: list[float] = []
        self.error: BaseException | None = None

    @contextmanager
    def running(self) -> Iterator["Watch"]:
        """Look until the block ends."""
        self._begun = time.monotonic()
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()
        if self.error is not None:
            raise self.error

    @property
    def series(self) -> list[Series]:
        """Return what was seen of each process, by its name."""
        groups: dict[str, list[Series]] = defaultdict(list)
        for one in self._series.values():
            groups[one.name].append(one)
        for name, several in groups.items():
            for number, one in enumerate(several, 1):
                one.name = f"{name} {number}" if len(several) > 1 else name
        return sorted(self._series.values(), key=lambda one: one.name)

    def keys(self) -> Counter[str]:
        """Return how many keys of each kind the broker holds: digits and ids are left out."""
        found = (key.decode(errors="replace") for key in self._redis.scan_iter())
        return Counter("".join(c for c in key[:40] if not c.isdigit()) for key in found)

    def close(self) -> None:
        """Close the connection to the broker."""
        self._redis.close()

    def _run(self) -> None:
        try:
            while not self._over.wait(self._every):
                self._look(time.monotonic() - self._begun)
        except BaseException as error:
            self.error = error

    def _look(self, second: float) -> None:
        found = processes(self._mark)
        self._look_at_redis(second)
        for pid in found:
            name, seen = named(pid, found), measured(pid)
            if name is None or seen is None:
                continue
            self._add(name, pid, second, seen)

    def _look_at_redis(self, second: float) -> None:
        """Its environment is gone: it writes its title over it."""
        pid = int(self._redis.info("server")["process_id"])
        if seen := measured(pid):
            self._add("redis", pid, second, seen)
        self.redis_keys.append(float(self._redis.dbsize()))
        self.redis_seconds.append(second)

    def _add(self, name: str, pid: int, second: float, seen: dict[str, float]) -> None:
        series = self._series.setdefault(pid, Series(name, pid))
        series.seconds.append(second)
        for measure, value in seen.items():
            series.seen[measure].append(value)


def named(pid: int, found: dict[int, str]) -> str | None:
    """Return what a process is called: its part, and whether others of it are its children."""
    role = _role(found[pid])
    others = {_role(found[other]) for other in found if parent(other) == pid}
    return f"{role}, main" if role in others else role


def _role(line: str) -> str | None:
    return next((name for name, mark in ROLES.items() if mark in line), None)


def measured(pid: int) -> dict[str, float] | None:
    """Return what a process takes, in bytes and numbers; None where it has just ended."""
    folder = Path(f"/proc/{pid}")
    try:
        memory = _fields((folder / "smaps_rollup").read_text())
        status = _fields((folder / "status").read_text())
        fds = sum(1 for _ in (folder / "fd").iterdir())
    except OSError:
        return None
    if "Pss_Anon" not in memory:
        return None
    return {
        "memory": (memory["Pss_Anon"] + memory.get("SwapPss", 0)) * 1024,
        "rss": memory["Rss"] * 1024,
        "fds": fds,
        "threads": status["Threads"],
    }


def _fields(text: str) -> dict[str, float]:
    """Read lines as ``Pss:   123 kB``."""
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        first = rest.split()[:1]
        if first and first[0].isdigit():
            found[name] = float(first[0])
    return found
