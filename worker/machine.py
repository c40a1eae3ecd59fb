"""What this node has and does, as its processes tell of it: without TensorFlow."""

import os
import platform
import secrets
import socket
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from shared.nodes.services import Machine
from shared.settings import Settings
from worker import devices, memory
from worker.cores import count

# Linux; elsewhere nobody tells.
MEMORY, PROCESSOR = Path("/proc/meminfo"), Path("/proc/cpuinfo")
# The packages that bring TensorFlow, by the kind of machine.
TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tensorflow_cpu")
# Where Linux tells whose process numbers these are, and what it says of the machine's own.
NUMBERS, OF_MACHINE = Path("/proc/self/ns/pid"), "pid:[4026531836]"
# New with each worker's start; the processes of its pool, forked later, have it too.
MARK = secrets.token_hex(3)


def name_of(settings: Settings) -> str:
    """Return what this machine is called among the nodes."""
    return settings.node_name or socket.gethostname()


def process_name(settings: Settings, pid: int) -> str:
    """Return what a process is called, which no other one that is there is.

    In a container, or under a name that was given to several, another one may have its number: a
    mark of its worker stands between them.
    """
    apart = settings.node_name is not None or _numbers() != OF_MACHINE
    return f"{name_of(settings)}:{MARK}:{pid}" if apart else f"{name_of(settings)}:{pid}"


def _numbers() -> str:
    try:
        return os.readlink(NUMBERS)
    except OSError:
        return OF_MACHINE


def machine(settings: Settings) -> Machine:
    """Return what this node has. Asked for before a process is pinned to one of the cards."""
    cards = devices.cards()
    cpu = {"kind": "cpu", "name": _processor(), "memory": memory.available()}
    return Machine(
        name_of(settings),
        [cpu, *({"kind": "gpu", "name": card.name, "memory": card.memory} for card in cards)],
        count(),
        memory.available(),
        _versions(cards[0].driver if cards else None),
        settings.labels(),
    )


def load(with_cards: bool) -> dict[str, Any]:
    """Return what this node does right now: its load, the memory that is free, the cards' use."""
    told: dict[str, Any] = {"average": _average(), "memory_free": _free()}
    if with_cards:
        told["gpus"] = [{"use": card.use, "memory_used": card.used} for card in devices.cards()]
    return told


def _average() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def _free() -> int | None:
    for line in _lines(MEMORY):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


@cache
def _processor() -> str:
    for line in _lines(PROCESSOR):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions(driver: str | None) -> dict[str, str]:
    told = {"charloom": _version("charloom"), "python": platform.python_version()}
    found = {name: _version(name) for name in TENSORFLOW}
    told["tensorflow"] = next((one for one in found.values() if one), None)
    told["driver"] = driver
    return {name: text for name, text in told.items() if text}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
