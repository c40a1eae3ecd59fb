"""Importing a model by the form, and the page of what came of it."""

import io
from typing import Any

import pytest
from sqlalchemy import func, select

from shared.accounts.models import DEFAULT_TEAM_ID, Team
from shared.blobs import Blob
from shared.db import Database
from shared.jobs.models import Job
from shared.jobs.queries import list_jobs
from shared.settings import Settings
from tests.integration.pages.conftest import MakeSite
from tests.integration.pages.site import Page, Site
from tests.support.factories import make_corpus
from tests.support.model_files import VOCABULARY, bundle_file, model_file
from tests.support.nodes import make_node
from worker.runners import work

NEW = "/checkpoints/new"


def send(site: Site, data: bytes, **fields: Any) -> Page:
    """Send the form with a file."""
    return site.submit(NEW, file=(io.BytesIO(data), "theirs.keras"), **fields)


def jobs(db: Database) -> list[Job]:
    """Return the imports."""
    with db.read() as session:
        return list_jobs(session, DEFAULT_TEAM_ID, kind="import").data


def test_a_model_is_imported(site: Site, db: Database, settings: Settings) -> None:
    """Its job's page leads on: to writing with it, and to training on; lists name it."""
    typed = VOCABULARY.replace("\n", "\r\n")
    page = send(site, model_file(), characters=typed, once="1")
    assert page.status == 303
    assert "The file is here" in site.get(page.location).text
    assert send(site, model_file(), characters=typed, once="1").location == page.location
    work(make_node(db, settings), "generate")
    shown = site.get(page.location)
    assert "theirs.keras" in shown.text
    assert "5 characters" in shown.text
    assert "/generation/new?checkpoint=" in shown.html
    assert "/training/new?checkpoint=" in shown.html
    assert "theirs.keras" in site.get("/jobs").text
    assert "imported · theirs.keras" in site.get("/generation/new").text
    make_corpus(db)
    checkpoint = shown.html.split("/training/new?checkpoint=")[1].split('"')[0]
    assert site.get(f"/training/new?checkpoint={checkpoint}").value("units") == "3"
    refused = site.submit("/generation/new", checkpoint_id=checkpoint)
    assert "give a prompt" in (refused.error("prompt") or "")
    written = site.submit("/generation/new", checkpoint_id=checkpoint, prompt="ab", length="20")
    work(make_node(db, settings), "generate")
    assert site.get(written.location).status == 200


def test_a_refused_file(site: Site, db: Database, settings: Settings) -> None:
    """The job's page says what is wrong and what to do, and offers no retry."""
    page = send(site, b"\x89HDF\r\n\x1a\n" + bytes(100))
    work(make_node(db, settings), "generate")
    shown = site.get(page.location)
    assert "The file is of an old kind" in shown.text
    assert "model.save('model.keras')" in shown.text
    assert '/retry" data-move="retry" hidden' in shown.html
    site.client.set_cookie("language", "zh")
    assert "旧式 HDF5 模型" in site.get(page.location).text


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({}, "file"),
        ({"file": b""}, "file"),
        ({"characters": "aa"}, "characters"),
        ({"name": "\x01"}, "name"),
    ],
)
def test_what_the_form_refuses(site: Site, db: Database, parts: dict[str, Any], field: str) -> None:
    """Beside its field; nothing is submitted."""
    given = parts if field == "file" else {"file": model_file()} | parts
    files = {name: (io.BytesIO(part), "a" if part else "") for name, part in given.items()
             if isinstance(part, bytes)}  # fmt: skip
    page = site.submit(NEW, **given | files)
    assert page.status == 422
    assert page.errors() == {field}
    assert jobs(db) == []


def test_characters_as_a_file(site: Site, db: Database) -> None:
    """And twice is once too often."""
    text = (io.BytesIO(VOCABULARY.encode()), "v.txt")
    assert send(site, model_file(), vocabulary=text).status == 303
    assert jobs(db)[0].spec["vocabulary"] == VOCABULARY
    text = (io.BytesIO(VOCABULARY.encode()), "v.txt")
    assert send(site, model_file(), vocabulary=text, characters="ab").errors() == {"vocabulary"}


def test_a_file_that_is_too_large(make_site: MakeSite) -> None:
    """The form says so, with the limit."""
    site = make_site(max_upload_bytes=2000)
    page = send(site, bundle_file())
    assert page.status == 413
    assert "2,000 bytes" in (page.error("file") or "")


def test_what_there_is_no_room_for_is_not_stored(site: Site, db: Database) -> None:
    """It says why."""
    with db.write() as session:
        session.get_one(Team, DEFAULT_TEAM_ID).most_queued_jobs = 0
    page = send(site, b"x" * 100_000)
    assert page.status == 409
    assert "limit queued_jobs of this team is 0" in page.text
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Blob)) == 0
