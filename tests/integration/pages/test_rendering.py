"""Every page opens, with nothing stored and with everything, and is guarded."""

import re

import pytest

from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.records import NewOutput, record_output
from shared.jobs.services import succeed
from tests.integration.pages.site import Site
from tests.support.factories import (
    claim_job,
    make_checkpoint,
    make_corpus,
    make_generation_job,
    make_training_job,
)
from web.headers import POLICY

PLACES = ["/", "/corpora", "/corpora/new", "/training/new", "/generation/new", "/jobs"]
NASTY = "<script>alert('x')</script> & 何事秋风"


def fill(db: Database) -> list[str]:
    """Store something of everything, named nastily; return the addresses of all pages."""
    corpus = make_corpus(db, "何事秋风悲画扇 <b>&amp;\n" * 100, NASTY)
    trained = make_training_job(db, corpus, name=NASTY, priority=100)
    checkpoint = make_checkpoint(db, trained)
    written = finished_writing(db, checkpoint)
    return [
        *PLACES,
        f"/corpora/{corpus.id}",
        f"/corpora/{corpus.id}/versions/new",
        f"/training/new?corpus={corpus.id}",
        f"/training/new?checkpoint={checkpoint.id}",
        f"/generation/new?checkpoint={checkpoint.id}",
        f"/jobs/{trained.id}",
        f"/jobs/{written}",
        f"/jobs/{written}/delete",
        "/jobs?kind=train&status=running",
    ]


def finished_writing(db: Database, checkpoint: Checkpoint) -> str:
    """Store a generation job that wrote one nasty text."""
    job = make_generation_job(db, checkpoint, prompt="何事", stop=["\n"], temperature=[0.2, 1.0])
    lease = claim_job(db, job)
    output = NewOutput(1, 0.2, "何事", {"replaced": {}, "left_out": ["☃"]}, 40, 0, "stop", NASTY)
    with db.write() as session:
        record_output(session, lease, output)
        succeed(session, lease)
    return job.id


@pytest.mark.parametrize("path", PLACES)
def test_opens_with_nothing_stored(site: Site, path: str) -> None:
    """An empty installation shows every page, and what to do first."""
    page = site.get(path)
    assert page.status == 200
    assert "/corpora/new" in page.html or "/training/new" in page.html


def test_home_of_an_empty_installation_has_one_next_step(site: Site) -> None:
    """Exactly one prominent button, and it adds a text; a built-in one is taken by one click."""
    page = site.get("/")
    assert re.findall(r'class="btn btn-primary[^>]*>([^<]+)<', page.html) == [
        "Add your first corpus"
    ]
    taken = site.submit("/corpora/new", "/", source="builtin", builtin="python-reference")
    assert "python-reference is here" in site.get(taken.location).text


def test_the_next_step_follows_what_is_there(site: Site, db: Database) -> None:
    """Text, then training, then waiting for a checkpoint, then writing."""
    corpus = make_corpus(db)
    assert "Train a model" in site.get("/").text
    job = make_training_job(db, corpus)
    assert "Watch it learn" in site.get("/").text
    make_checkpoint(db, job)
    assert "Generate text" in site.get("/").text


def test_opens_with_everything_stored(site: Site, db: Database) -> None:
    """Every page shows what is stored, with Chinese text whole and every name escaped."""
    for path in fill(db):
        page = site.get(path)
        assert page.status == 200, path
        assert "<script>alert" not in page.html, path
        assert page.html.startswith("<!doctype html>"), path


def test_text_is_escaped_and_whole(site: Site, db: Database) -> None:
    """What users and models wrote stands on the page as text."""
    paths = fill(db)
    assert "何事秋风悲画扇 <b>&amp;" in site.get(paths[6]).text
    assert NASTY in site.get(paths[12]).text


def test_no_page_has_inline_script_or_style(site: Site, db: Database) -> None:
    """Nothing on any page needs more than the policy allows, nor another host."""
    for path in fill(db):
        html = site.get(path).html
        assert not re.search(r"<script(?![^>]* (?:src=|type=\"application/json\"))", html), path
        assert not re.search(r"<style| style=| on\w+=\"|javascript:", html), path
        assert not re.search(r'(src|href|action)="(https?:)?//', html), path


@pytest.mark.parametrize("path", [*PLACES, "/nowhere", "/jobs/nothing"])
def test_policy_header(site: Site, path: str) -> None:
    """Every HTML page carries the strict policy, error pages too."""
    headers = site.get(path).answer.headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"


ABSENT = [
    "/nowhere",
    "/corpora/x",
    "/jobs/x",
    "/jobs/01890000-0000-7000-8000-000000000000",
    "/jobs/x/live.json",
    "/jobs/x/output.txt",
    "/jobs/x/samples.txt",
    "/checkpoints/x/model.keras",
]


@pytest.mark.parametrize("path", ABSENT)
def test_what_is_not_there(site: Site, path: str) -> None:
    """404 with a page that says what is missing and leads on."""
    page = site.get(path)
    assert page.status == 404
    assert "Not Found" in page.text
    assert 'href="/"' in page.html


@pytest.mark.parametrize("path", PLACES)
def test_another_host_is_refused(site: Site, path: str) -> None:
    """A page that is asked for by a name it does not answer to is not given."""
    page = site.get(path, base_url="http://evil.example")
    assert page.status == 400
    assert "not trusted" in page.text


POSTS = ["/corpora/new", "/training/new", "/generation/new"]


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_token_is_refused(site: Site, db: Database, path: str) -> None:
    """400, in words that help, for no token and for a false one."""
    make_checkpoint(db)
    for fields in ({}, {"csrf_token": "false"}):
        answer = site.client.post(path, data=fields)
        assert answer.status_code == 400
        assert "reload the page" in answer.get_data(as_text=True)


def test_moves_and_deletion_without_token_are_refused(site: Site, db: Database) -> None:
    """400, and nothing happens."""
    corpus = make_corpus(db)
    job = make_training_job(db, corpus)
    for path in (f"/jobs/{job.id}/cancel", f"/corpora/{corpus.id}/delete"):
        assert site.client.post(path).status_code == 400
    assert "queued" in site.get(f"/jobs/{job.id}").text


def test_the_api_needs_no_form_token(site: Site) -> None:
    """The pages' check leaves the API to its own."""
    assert site.client.post("/api/v1/corpora").status_code == 401


def test_long_lists_have_pages(site: Site, db: Database) -> None:
    """The list of jobs goes on at 'older' and keeps its filter."""
    corpus = make_corpus(db)
    for number in range(31):
        make_training_job(db, corpus, name=f"job {number}")
    first = site.get("/jobs?kind=train")
    older = re.search(r'href="(/jobs\?[^"]*after=[^"]*)"', first.html)
    assert older
    assert "kind=train" in older[1]
    second = site.get(older[1].replace("&amp;", "&"))
    assert "job 0" in second.text
    assert "job 30" not in second.text


@pytest.mark.parametrize("query", ["after=x", "kind=x&status=y", "after=%00"])
def test_odd_addresses_of_lists(site: Site, query: str) -> None:
    """A filter that makes no sense is left out."""
    assert site.get(f"/jobs?{query}").status == 200
    assert site.get(f"/corpora?{query}").status == 200
