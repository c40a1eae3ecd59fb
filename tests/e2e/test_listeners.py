"""Listening to jobs on the running stack: nothing is missed, nothing comes twice."""

import pytest

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.listening import Poller, listen_all
from tests.support.stacks import Stack

pytestmark = pytest.mark.timeout(240)

LISTENERS = 500
# Some twenty seconds on two cores, with an epoch, a sample and a checkpoint every half second.
EPOCHS = 40


def test_five_hundred_listeners_of_one_job(stack: Stack, client: Client) -> None:
    """Each is cut off and comes again at random, and is sent every event exactly once; meanwhile
    the job is answered quickly to others."""
    corpus = client.add_corpus("listened to", text=python_reference()[:50_000])
    job = client.train(corpus["id"], preset="tiny", epochs=EPOCHS, max_windows=12_800)
    with Poller(stack.url, stack.token, job["id"]) as poller:
        listeners = listen_all(stack.url, stack.token, job["id"], LISTENERS)
    happened = [event["seq"] for event in client.rows(job["id"], "events")]
    assert client.job(job["id"])["status"] == "succeeded"
    assert len(happened) > 3 * EPOCHS
    assert happened == list(range(1, len(happened) + 1))
    assert {tuple(listener.seen) for listener in listeners} == {tuple(happened)}
    assert sum(listener.times for listener in listeners) > LISTENERS
    # The limit is 50 ms on a quiet machine, as benchmarks/listeners.py measures it.
    assert poller.median < 0.5
