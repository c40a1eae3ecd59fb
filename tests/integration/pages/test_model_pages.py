"""Models and receivers on pages."""

from typing import Any

import pytest
from pydantic import SecretStr

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.ids import new_id
from shared.jobs.records import NewOutput, record_output
from shared.jobs.services import succeed
from shared.models.models import NamedModel
from shared.models.queries import get_model
from shared.models.services import Judgement, decide, ensure_model, work_for
from shared.notices.sending import Outcome, claim_notice, record
from tests.integration.pages.conftest import MakeSite
from tests.integration.pages.site import Page, Site
from tests.support.factories import claim_job, do, make_checkpoint, make_generation_job


@pytest.fixture
def model(db: Database) -> NamedModel:
    return do(db, lambda session: ensure_model(session, DEFAULT_TEAM_ID, "bard"))


def judged(db: Database, model: NamedModel, ours: float, against: Checkpoint | None) -> Checkpoint:
    """Have a checkpoint judged."""
    checkpoint = make_checkpoint(db)
    theirs = 2.5 if against else None
    judgement = Judgement(against.id if against else None, ours, theirs, 12, 0.034)
    do(db, lambda session: decide(session, model.id, checkpoint.id, judgement))
    return checkpoint


def promoted(db: Database) -> str | None:
    with db.read() as session:
        return get_model(session, DEFAULT_TEAM_ID, "bard").checkpoint_id


def test_no_model_yet(site: Site) -> None:
    assert "There is none yet" in site.get("/models").text
    assert site.get("/models/nobody").status == 404


def test_a_model_before_its_first_run(site: Site, model: NamedModel) -> None:
    assert "nothing promoted yet" in site.get("/models").text
    page = site.get("/models/bard")
    assert "Nothing yet" in page.text
    assert "Roll back" not in page.text
    for path in ("output.txt", "model.keras"):
        assert site.get(f"/models/bard/latest/{path}").status == 404


def test_the_history_tells_what_was_decided_and_why(
    site: Site, db: Database, model: NamedModel
) -> None:
    first = judged(db, model, 2.5, None)
    judged(db, model, 2.7, first)
    page = site.get("/models/bard")
    assert "The first one: 2.500 bits a character." in page.text
    assert "2.700 bits a character, the promoted one 2.500; it must be better" in page.text
    assert "3.4% copied, at most 12 characters in a row" in page.text
    assert page.text.index("2.700 bits") < page.text.index("The first one")
    assert f'href="/jobs/{first.job_id}"' in page.html


def test_promote_and_roll_back_by_hand(site: Site, db: Database, model: NamedModel) -> None:
    first = judged(db, model, 2.5, None)
    second = judged(db, model, 2.7, first)
    page = "/models/bard"
    assert site.submit(f"{page}/promote", page, checkpoint_id=second.id).status == 303
    assert promoted(db) == second.id
    assert "by hand" in site.get(page).text
    site.submit(f"{page}/rollback", page)
    assert promoted(db) == first.id
    assert "rolled back" in site.get(page).text
    refused = site.submit(f"{page}/rollback", page)
    assert refused.status == 409
    assert "It was not rolled back" in refused.text
    assert site.submit(f"{page}/promote", page, checkpoint_id=new_id()).status == 404
    assert Page(site.client.post(f"{page}/rollback")).status == 400


def test_what_candidates_are_judged_by(site: Site, db: Database, model: NamedModel) -> None:
    page = "/models/bard"
    assert site.submit(page, margin="0.05", most_copied="").status == 303
    with db.read() as session:
        row = get_model(session, DEFAULT_TEAM_ID, "bard")
    assert (row.margin, row.most_copied) == (0.05, model.most_copied)
    refused = site.submit(page, margin="x", most_copied="2")
    assert (refused.status, refused.errors()) == (422, {"margin", "most_copied"})


def test_the_stable_addresses(site: Site, db: Database, model: NamedModel) -> None:
    checkpoint = judged(db, model, 2.5, None)
    job = make_generation_job(db, checkpoint)
    do(db, lambda session: work_for(session, model, job.id))
    lease = claim_job(db, job, queue="generate")

    def written(session: Any) -> None:
        record_output(session, lease, NewOutput(1, 0.6, "", {}, 3, 0, "length", "秋x\n"))
        succeed(session, lease)

    do(db, written)
    page = site.get("/models/bard")
    assert "/models/bard/latest/output.txt" in page.html
    assert site.get("/models/bard/latest/output.txt").html == "秋x\n"
    assert site.get("/models/bard/latest/model.keras").status == 200


def test_a_receiver_is_added_tested_and_deleted(site: Site, db: Database) -> None:
    assert "There is none yet" in site.get("/receivers").text
    made = site.submit("/receivers/new", name="<b>ours", url="https://example.org/" + "x" * 200)
    assert made.status == 201
    assert "whsec_" in made.text
    assert "<b>ours" not in made.html
    path = made.html.split('href="/receivers/')[1].split('"')[0]
    page = f"/receivers/{path}"
    assert "whsec_" not in site.get(page).html
    site.submit(f"{page}/test", page)
    claimed = do(db, claim_notice)
    assert claimed is not None
    do(db, lambda s: record(s, claimed, Outcome(0.5, 500, "it answered 500, not 2xx")))
    assert "it answered 500, not 2xx (500), 0.5 s" in site.get(page).text
    assert "pending" in site.get(page).text
    assert site.submit(f"{page}/delete", page).status == 303
    assert site.get(page).status == 404


def test_a_refused_receiver(site: Site, make_site: MakeSite) -> None:
    page = site.submit("/receivers/new", name="x", url="http://127.0.0.1/")
    assert (page.status, page.errors()) == (422, {"url"})
    assert "loopback" in (page.error("url") or "")
    assert "CHARLOOM_SMTP_URL" in site.get("/receivers/new").text
    able = make_site(smtp_url=SecretStr("smtp://mail.example.org"))
    page = able.submit("/receivers/new", name="x", email="nobody")
    assert (page.status, page.errors()) == (422, {"email"})
    assert able.submit("/receivers/new", name="x", email="me@example.org").status == 201


def test_forms_of_jobs_name_receivers(site: Site, db: Database) -> None:
    checkpoint = make_checkpoint(db)
    assert "Who is told" not in site.get("/generation/new").text
    for name in ("first", "second"):
        site.submit("/receivers/new", name=name, url="https://example.org")
    page = site.get("/generation/new")
    ids = [part.split('"')[0] for part in page.html.split('name="notify" id="notify-')[1:]]
    assert len(ids) == 2
    sent = site.submit("/generation/new", checkpoint_id=checkpoint.id, notify=ids)
    assert sent.status == 303
    refused = site.submit("/generation/new", checkpoint_id=checkpoint.id, notify=ids, length="x")
    assert refused.html.count('type="checkbox" name="notify"') == 2
    assert refused.html.count(" checked") == 2
