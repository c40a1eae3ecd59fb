"""docs/operations.md, held against what is told."""

import re

import pytest

from cli.child import ROOT
from shared.db import Database
from shared.meters import METERS
from shared.queue import FakeTickets
from shared.settings import Settings
from tests.support.apps import make_app
from tests.support.factories import claim_job, make_training_job
from web.metrics import State
from worker import meters

ROW = re.compile(r"^\| `(charloom_\w+)` \| (\w+) \|", re.M)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_table_of_metrics_is_what_is_told(settings: Settings, db: Database) -> None:
    """Each metric of web and workers, with its kind; and no other."""
    claim_job(db, make_training_job(db))
    meters.begin({"train"})
    app = make_app(settings, FakeTickets())
    state = State(app.extensions["charloom"])
    families = [*METERS.collect(), *state.collect()]
    told = {f.name + ("_total" if f.type == "counter" else ""): f.type for f in families}
    app.extensions["charloom"].db.close()
    table = ROW.findall((ROOT / "docs" / "operations.md").read_text("utf-8"))
    assert dict(table) == told
    assert len(table) == len(told)
