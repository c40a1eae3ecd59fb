"""The form of a generation job: what it submits, and each refusal beside its field."""

from typing import Any

import pytest

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.models import Job
from shared.jobs.queries import list_jobs
from shared.models.services import ensure_model, promote
from shared.specs import GenerationSpec
from tests.integration.pages.site import Site
from tests.support.factories import make_checkpoint

NEW = "/generation/new"


@pytest.fixture
def checkpoint(db: Database) -> Checkpoint:
    """A checkpoint to write with."""
    return make_checkpoint(db)


def spec_of(db: Database) -> dict[str, Any]:
    """Return the spec of the newest generation job."""
    return newest(db)[0].spec


def newest(db: Database) -> list[Job]:
    """Return the generation jobs, newest first."""
    with db.read() as session:
        return list_jobs(session, DEFAULT_TEAM_ID, kind="generate").data


def test_nothing_typed_is_the_default(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """Empty fields mean what stands in them: 400 characters from a random excerpt."""
    page = site.submit(NEW, checkpoint_id=checkpoint.id, prompt="", temperature="", stop="")
    assert page.status == 303
    assert GenerationSpec.model_validate(spec_of(db)) == GenerationSpec()


def test_every_field_reaches_the_spec(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """Newlines are as typed, temperatures several, stop texts one a line with escapes."""
    site.submit(
        NEW, checkpoint_id=checkpoint.id, prompt="It was\r\n ", length="50",
        temperature=" 0 0.7  1", count="2", context="state", top_k="5", top_p="0.9",
        stop="the\r\n\\n\\n\r\na\\\\n", rng_seed="3", name="mine", priority="1",
    )  # fmt: skip
    assert spec_of(db) == {
        "prompt": "It was\n ", "length": 50, "temperature": [0.0, 0.7, 1.0], "count": 2,
        "context": "state", "top_k": 5, "top_p": 0.9, "stop": ["the", "\n\n", "a\\n"],
        "rng_seed": 3,
    }  # fmt: skip
    assert (newest(db)[0].name, newest(db)[0].priority) == ("mine", 1)


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("needs.label", "no spaces", "up to 63"),
        ("needs.memory_bytes", "0", "at least 1"),
        ("length", "0", "at least 1"),
        ("length", "many", "a whole number"),
        ("temperature", "hot", "from 0 to 10"),
        ("temperature", "0.5 hot", "from 0 to 10"),
        ("temperature", "-1", "from 0 to 10"),
        ("temperature", "nan", "from 0 to 10"),
        ("temperature", "1 " * 17, "up to 16"),
        ("count", "101", "at most 100"),
        ("context", "memory", "window, state"),
        ("top_k", "0", "at least 1"),
        ("top_p", "1.1", "at most 1"),
        ("stop", "\n".join("abcdefghijklmnopq"), "up to 16"),
        ("rng_seed", "-1", "at least 0"),
        ("prompt", "☃☃", "the model knows none"),
        ("checkpoint_id", "x", "the id of a checkpoint"),
    ],
)
def test_a_refused_field(
    site: Site, db: Database, checkpoint: Checkpoint, field: str, typed: str, words: str
) -> None:
    """422 with the words beside the field; what was typed is kept."""
    page = site.submit(NEW, **({"checkpoint_id": checkpoint.id, "count": "3"} | {field: typed}))
    assert page.status == 422
    assert page.errors() == {field}
    assert words.lower() in (page.error(field) or "").lower()
    if field not in ("checkpoint_id", "context"):
        assert page.value(field) == typed
    assert newest(db) == []


def test_a_node_is_asked_for(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """By what is filled in, and again by its like; nothing filled in asks for nothing."""
    plain = {"checkpoint_id": checkpoint.id, "needs.memory_bytes": " ", "needs.label": ""}
    site.submit(NEW, **plain)
    assert newest(db)[0].needs_key == ""
    site.submit(NEW, **plain | {"needs.gpu": "yes", "needs.label": "a100"})
    job = newest(db)[0]
    assert job.needs_key == "gpu=1;label=a100"
    page = site.get(f"{NEW}?clone={job.id}")
    assert (page.checked("needs.gpu"), page.value("needs.label")) == ("yes", "a100")


def test_a_prompt_of_newlines_is_kept(site: Site, checkpoint: Checkpoint) -> None:
    """A prompt that begins with a newline comes back with it (HTML swallows the first one)."""
    page = site.submit(NEW, checkpoint_id=checkpoint.id, prompt="\r\n\r\nIt", length="x")
    assert "\n\n\nIt</textarea>" in page.html


def test_the_best_checkpoint_is_suggested(site: Site, checkpoint: Checkpoint) -> None:
    """Without a choice in the address the best one of the newest run is chosen."""
    assert site.get(NEW).value("checkpoint_id") == checkpoint.id
    assert site.get(f"{NEW}?checkpoint=x").status == 200


def test_a_named_model_writes(site: Site, db: Database, checkpoint: Checkpoint) -> None:
    """It can be chosen once there is one; the list of checkpoints does not count then."""
    assert 'name="model"' not in site.get(NEW).html
    with db.write() as session:
        model = ensure_model(session, DEFAULT_TEAM_ID, "bard")
        promote(session, model, checkpoint, "by hand")
    other = make_checkpoint(db)
    assert site.get(f"{NEW}?model=bard").value("model") == "bard"
    page = site.submit(NEW, model="bard", checkpoint_id=other.id)
    assert page.status == 303
    assert newest(db)[0].checkpoint_id == checkpoint.id
    page = site.submit(NEW, model="nobody", checkpoint_id=other.id, length="7")
    assert page.status == 422
    assert "no model has the name 'nobody'" in page.text.replace("No model", "no model")
    assert page.value("length") == "7"
