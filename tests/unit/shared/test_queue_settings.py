"""Celery's settings are those that held under faults; each is a row of queue-facts.md."""

from typing import Any

import pytest

from shared.queue import QUEUES, FakeTickets, NullTickets, celery_settings, make_celery
from shared.settings import load_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", False),
        ("task_reject_on_worker_lost", False),
        ("task_ignore_result", True),
        ("result_backend", None),
        ("worker_prefetch_multiplier", 1),
        ("worker_disable_prefetch", True),
        ("worker_pool", "prefork"),
        ("broker_connection_max_retries", None),
        ("worker_cancel_long_running_tasks_on_connection_loss", False),
        ("accept_content", ["json"]),
        ("task_serializer", "json"),
    ],
)
def test_a_setting_is_as_it_was_measured(name: str, value: Any) -> None:
    """A changed value brings back the fault that the facts name."""
    assert make_celery(load_settings()).conf[name] == value


def test_a_child_has_time_to_import_tensorflow() -> None:
    """The default of four seconds kills children in a loop."""
    assert celery_settings(load_settings())["worker_proc_alive_timeout"] >= 120


def test_a_hung_broker_is_given_up_within_seconds() -> None:
    """Without socket timeouts publishing blocks for over twenty seconds."""
    options = celery_settings(load_settings())["broker_transport_options"]
    assert 2 <= options["socket_timeout"] <= 5
    assert 2 <= options["socket_connect_timeout"] <= 5


def test_the_three_queues_are_known() -> None:
    """Training, generation and maintenance each have their own."""
    names = [queue.name for queue in celery_settings(load_settings())["task_queues"]]
    assert tuple(names) == QUEUES == ("train", "generate", "maintenance")


def test_a_late_tick_expires() -> None:
    """Ticks that piled up are not all run."""
    beat = celery_settings(load_settings(sweep_seconds=7))["beat_schedule"]
    assert sorted(beat) == ["notices", "schedules", "sweep"]
    for entry in beat.values():
        assert entry["schedule"] == entry["options"]["expires"] == 7
        assert entry["options"]["queue"] == "maintenance"


def test_fake_tickets_remember_and_null_tickets_forget() -> None:
    """The fakes keep the protocol: send tells whether it went out."""
    fake, null = FakeTickets(), NullTickets()
    assert (fake.send("train"), fake.sent, fake.waiting("train")) == (True, ["train"], 1)
    assert (null.send("train"), null.waiting("train")) == (False, None)
