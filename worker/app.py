"""The Celery app: ``celery -A worker.app worker -Q train`` and ``celery -A worker.app beat``.

Starts lean. TensorFlow loads in the pool's processes only: any operation of it in their parent
would make every child hang.
"""

import gc
import os
import signal
from dataclasses import replace
from typing import Any

import structlog
from billiard.process import current_process
from celery import signals

from shared import tables  # noqa: F401  (the services need every table)
from shared.db import Database
from shared.logs import configure_logs
from shared.meters import SharedFolder
from shared.nodes.needs import Able
from shared.queue import QUEUES, CeleryTickets, make_celery
from shared.settings import load_settings
from shared.stores import open_store
from shared.tracing import make_tracer
from shared.waking import RedisWakes
from worker import cores, devices, memory, meters, pool, speeds
from worker.board import Board
from worker.engine import warm_up, warm_up_writer
from worker.machine import machine, name_of, process_name
from worker.memory import Allowance
from worker.node import Node
from worker.presence import Here, Presence
from worker.runners import take_over
from worker.scraped import Scraped, port_for
from worker.stopping import StopFlag

log = structlog.get_logger(__name__)

# How soon the parent replaces a pool process that died.
POOL_SECONDS = 0.5
STORE_SECONDS = 60.0

settings = load_settings()
app = make_celery(settings)
app.conf.include = ["worker.tasks"]
app.conf.worker_consumer = "worker.consumer:WaryConsumer"
app.conf.worker_pool = "worker.pool:TaskPool"

# Before the fork, so that the pool's processes share it.
stop_flag = StopFlag()
board = Board()
_slots = 1
_node: Node | None = None
_presence: Presence | None = None
# Made by the parent, before the fork; none where nobody is told.
_meters: SharedFolder | None = None
_scraped: Scraped | None = None


def current_node() -> Node:
    """Return what this pool process works with."""
    if _node is None:
        raise RuntimeError("no pool process: tasks run in a worker's pool only")
    return _node


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _logs(**_: Any) -> None:
    # Being connected is what keeps Celery from configuring logs its own way.
    configure_logs(settings)


@signals.celeryd_init.connect  # type: ignore[untyped-decorator]
def _size_pool(conf: Any, options: dict[str, Any], **_: Any) -> None:
    """Decide how many jobs run side by side: what ``-c`` says, the setting, or what fits."""
    global _slots
    queues, given = _queues(options.get("queues")), options.get("concurrency")
    if not given:
        wished, each = settings.slots if "train" in queues else None, settings.devices_per_process
        conf.worker_concurrency = wished or devices.slots(queues, devices.gpus(), each)
    _slots = int(given or conf.worker_concurrency)
    _share_meters(queues)


def _share_meters(queues: set[str]) -> None:
    global _meters, _scraped
    place = settings.metrics_place()
    if place is not None:
        # A process that replaces another one counts on where that one was.
        _meters = SharedFolder(lambda: getattr(current_process(), "index", "parent"))
        host, port = place[0], port_for(place[1], queues)
        _scraped = Scraped(host, port, _meters.path, settings.watch_token())


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def _watch_pool(sender: Any, **_: Any) -> None:
    # The first processes' end is seen by a timer only, which Celery runs every 5 s.
    sender.hub.call_repeatedly(POOL_SECONDS, sender.pool.maintain_pool)
    if _scraped is not None:
        _scraped.start()


@signals.worker_shutdown.connect  # type: ignore[untyped-decorator]
def _end(**_: Any) -> None:
    if _scraped is not None:
        _scraped.end()
    if _meters is not None:
        _meters.remove()


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop(**_: Any) -> None:
    stop_flag.raise_()


def store_patience(seconds: float) -> bool:
    """Tell whether to ask a store again that is away since so many seconds.

    In the end the job is handed back, which takes it some time to come again.
    """
    return seconds < STORE_SECONDS and not stop_flag.is_up()


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def _start_process(**_: Any) -> None:
    """Connect, pin the device, warm the engine up: a job then waits for none of it."""
    global _node, _presence
    queues, index = set(app.amqp.queues.consume_from), current_process().index
    _begin_counting(queues)
    name = process_name(settings, current_process().pid)
    wakes = RedisWakes(settings.redis_url)
    store = open_store(settings, store_patience)
    database = Database(settings.database_url, CeleryTickets(app), wakes, store)
    slot = board.slot(index)
    allowance = Allowance(settings.pool_memory_bytes)
    tracer = make_tracer(settings, "charloom-worker")
    _node = Node(settings, database, name, stop_flag, slot, _give_up, pool.leave, allowance, tracer)
    # Before the seconds that TensorFlow takes.
    take_over(_node)
    # Before one card is all that is seen.
    here = Here(machine(settings), _slots, index)
    names, each = devices.gpus(), settings.devices_per_process
    device = devices.pin(index, queues, names, each)
    _node = replace(_node, able=_able(device, devices.sharing(_slots, names, each)))
    speed = speeds.measure(queues, device, cores.share(_slots, cores.count()))
    _presence = Presence(_node, queues, device, speed, here)
    _presence.start()
    if "train" in queues:
        warm_up(devices.count())
    elif "generate" in queues:
        warm_up_writer()
    # What is there now stays: each job's end looks for what it left among what came since.
    gc.collect()
    gc.freeze()
    allowance.begin()
    log.info("pool process ready", queues=",".join(sorted(queues)), device=device)


@signals.worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _end_process(**_: Any) -> None:
    if _presence is not None:
        _presence.end()
    if _node is not None:
        _node.tracer.end()


def _begin_counting(queues: set[str]) -> None:
    if _scraped is not None:
        _scraped.forget()
    if _meters is not None:
        _meters.begin_process()
    meters.begin(queues)
    meters.note_memory(current_process().index)


def _give_up() -> None:
    """End this process, which hangs, so that its parent replaces it."""
    os.kill(os.getpid(), signal.SIGKILL)


def _able(device: str, shared_by: int) -> Able:
    """Return what jobs may ask of this process: its share of the memory, of its card, the labels.

    So many processes share the card.
    """
    held, labels = memory.available(), frozenset(settings.labels())
    own = None if held is None else held // _slots
    card = devices.memory_of(device, shared_by)
    return Able(name_of(settings), device != "cpu", own, card, labels)


def _queues(given: str | list[str] | None) -> set[str]:
    if not given:
        return set(QUEUES)
    return set(given.split(",") if isinstance(given, str) else given)
