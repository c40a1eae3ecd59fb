"""The client asks what a worker answers: in the request, or later."""

from threading import Thread

import pytest

from cli.client import Client
from cli.errors import JobEnded
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.errors import InvalidFields
from shared.jobs.services import fail
from tests.integration.cli.test_commands import claimed
from tests.support.factories import do
from web.api import waiting


@pytest.mark.parametrize("seconds", [0.0, 30.0])
@pytest.mark.usefixtures("worker")
def test_scores_and_receipts(
    client: Client, checkpoint: Checkpoint, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes back, also where the request does not wait for it."""
    monkeypatch.setattr(waiting, "patience", lambda: seconds)
    assert client.score(checkpoint.id, "It was", alternatives=2)["characters"] == 6
    job = client.wait(client.generate(checkpoint.id, length=20)["id"], 30)
    (output,) = client.rows(job["id"], "outputs")
    assert client.verify(output["receipt"])["same"] is True
    assert client.verify(output["receipt"], output["text"][:-1])["same"] is False


def fail_next(db: Database) -> None:
    """Fail a job of the queue of texts as soon as there is one."""
    lease = claimed(db, "generate")
    do(db, lambda s: fail(s, lease, "broken", "no reason"))


def test_what_comes_to_nothing(
    client: Client, db: Database, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that fails later says why; bad fields are not sent at all."""
    monkeypatch.setattr(waiting, "patience", lambda: 0.0)
    worker = Thread(target=fail_next, args=[db])
    worker.start()
    with pytest.raises(JobEnded, match="failed: no reason"):
        client.score(checkpoint.id, "It was")
    worker.join()
    with pytest.raises(InvalidFields, match="alternatives"):
        client.score(checkpoint.id, "It was", alternatives=99)
    with pytest.raises(InvalidFields, match="receipt"):
        client.verify({})
    assert list(client.workers()) == []
