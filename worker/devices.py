"""What this node has, found without loading TensorFlow: a pool process a GPU, or a few of them."""

import os
import subprocess
from collections import Counter
from dataclasses import dataclass, fields

from worker import cores, memory

# TensorFlow reads this once, when it loads: it must be set before.
VISIBLE = "CUDA_VISIBLE_DEVICES"
MIB = 1024 * 1024
# How many devices this process was given.
_given = 1


def gpus() -> list[str]:
    """Return the names (numbers or UUIDs) of the GPUs that this worker may use."""
    allowed = os.environ.get(VISIBLE)
    if allowed is not None:
        names = [name.strip() for name in allowed.split(",")]
        return [name for name in names if name and name != "-1"]
    return [line.strip() for line in _nvidia_smi().splitlines() if line.strip()]


def slots(queues: set[str], names: list[str], each: int = 1) -> int:
    """Return how many jobs a worker of these queues runs side by side on ``names``.

    One for ``each`` so many GPUs for training; what is left over stays idle. Without GPUs as many
    as fit the cores. Of all other work one process does much.
    """
    if "train" not in queues:
        return 1
    return max(1, (len(names) or cores.runs(cores.count(), memory.available())) // each)


def pin(index: int, queues: set[str], names: list[str], each: int = 1) -> str:
    """Give pool process ``index`` its device, before TensorFlow loads; return it in words.

    ``each`` process gets so many devices, or all cards where there are fewer. A processor can be
    made several, which share its cores: ``worker.engine.warm_up`` does it.
    """
    global _given
    if "train" not in queues or not names:
        # A process that only writes text must not take memory on a card.
        os.environ[VISIBLE] = "-1"
        _given = each if "train" in queues else 1
        return "cpu"
    own = _own(index, names, each)
    os.environ[VISIBLE] = ",".join(own)
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
    _given = len(own)
    return f"gpu {os.environ[VISIBLE]}"


def count() -> int:
    """Return how many devices this process has, of which a training run may ask for some."""
    return _given


def sharing(processes: int, names: list[str], each: int = 1) -> int:
    """Return how many of a worker's processes share a card, at most: more than one where there are
    more processes than cards, or where a card is named twice."""
    had = Counter(card for index in range(processes) for card in set(_own(index, names, each)))
    return max(had.values(), default=1)


def _own(index: int, names: list[str], each: int) -> list[str]:
    """Return the cards of process ``index`` of a worker that trains."""
    first = index % slots({"train"}, names, each) * each
    return names[first : first + each]


def memory_of(device: str, shared_by: int = 1) -> int | None:
    """Return the bytes that a process has of the cards that ``pin`` told of, its share of them.

    Of the smallest if there are several: each of them holds a run's weights. None of a processor,
    or unknown.
    """
    kind, _, name = device.partition(" ")
    if kind != "gpu":
        return None
    told = _nvidia_smi("memory.total", f"--id={name}").split()
    if not told or not all(map(str.isdigit, told)):
        return None
    return min(int(line) for line in told) * MIB // shared_by


@dataclass(frozen=True)
class Card:
    """A GPU as its driver tells of it: its use in percent, its memory in bytes."""

    name: str
    memory: int | None
    used: int | None
    use: int | None
    driver: str


def cards() -> list[Card]:
    """Return all GPUs of this machine, whoever may use them."""
    asked = "name,memory.total,memory.used,utilization.gpu,driver_version"
    rows = [line.split(", ") for line in _nvidia_smi(asked).splitlines()]
    return [
        Card(name, _bytes(total), _bytes(used), _number(use), driver.strip())
        for name, total, used, use, driver in (row for row in rows if len(row) == len(fields(Card)))
    ]


def _bytes(told: str) -> int | None:
    found = _number(told)
    return None if found is None else found * MIB


def _number(told: str) -> int | None:
    # Cards that are parted tell some of it as '[N/A]'.
    return int(told) if told.strip().isdigit() else None


def _nvidia_smi(asked: str = "index", *more: str) -> str:
    command = ["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader,nounits", *more]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
