"""Two to six training jobs side by side."""

import json
import re

import pytest

from shared.db import Database
from tests.integration.pages.site import Site
from tests.support.factories import make_corpus, make_generation_job, make_training_job
from tests.support.pseudo import untranslated
from tests.support.runs import Shape, make_run


def differing(html: str) -> set[str]:
    """Return the rows that are marked as differing."""
    return set(re.findall(r'<tr class="differs"><th scope="row">([^<]*?) <', html))


def test_two_runs(site: Site, db: Database) -> None:
    """Settings that part are marked, losses come as columns, samples at one temperature."""
    corpus = make_corpus(db)
    one, _ = make_run(db, corpus, Shape(2), name="one", units=24)
    two, _ = make_run(db, corpus, Shape(3, (0.6,)), name="two")
    page = site.get(f"/compare?job={one.id}&job={two.id}")
    assert differing(page.html) == {"Units", "Epochs", "Sample temperature"}
    assert page.html.count("(differs)") == 3
    block = re.search(r'id="losses">(.*?)</script>', page.html)
    assert block
    series = json.loads(block[1])
    assert [(run["name"], run["epoch"]) for run in series] == [("one", [1, 2]), ("two", [1, 2, 3])]
    assert "Epoch 2, temperature 0.6" in page.text
    assert "Epoch 3, temperature 0.6" in page.text
    assert page.html.count("<article") == 2


def test_samples_of_the_last_epoch_at_another_temperature(site: Site, db: Database) -> None:
    """What is shown is chosen, of what all runs have."""
    corpus = make_corpus(db)
    jobs = [make_run(db, corpus, Shape(2), name=name)[0].id for name in ("one", "two")]
    path = f"/compare?job={jobs[0]}&job={jobs[1]}"
    assert site.get(path).value("temperature") == "0.6"
    page = site.get(f"{path}&samples=last&temperature=0.3")
    assert (page.value("temperature"), page.value("samples")) == ("0.3", "last")
    assert page.text.count("Epoch 2, temperature 0.3") == 2
    assert site.get(f"{path}&temperature=nan").value("temperature") == "0.6"


def test_a_form_to_choose(site: Site, db: Database) -> None:
    """With fewer than two or more than six, it says so and keeps what was chosen."""
    assert "Two training jobs" in site.get("/compare").text
    corpus = make_corpus(db)
    ids = [make_run(db, corpus, Shape(1, (0.6,), 40))[0].id for _ in range(2)]
    page = site.get(f"/compare?job={ids[0]}&job={ids[0]}")
    assert "Choose 2 to 6 training jobs." in page.text
    assert page.html.count(" checked>") == 1
    many = "&".join(f"job={n}" for n in range(7))
    assert "Choose 2 to 6 training jobs." in site.get(f"/compare?{many}").text


@pytest.mark.parametrize("what", ["nothing", "generation"])
def test_what_cannot_be_compared(site: Site, db: Database, what: str) -> None:
    """404 for a job that is not there, and for one that trains nothing."""
    other = make_generation_job(db).id if what == "generation" else "x"
    job = make_training_job(db).id
    assert site.get(f"/compare?job={job}&job={other}").status == 404


def test_runs_without_an_epoch(site: Site, db: Database) -> None:
    """They have settings to compare, and neither losses nor samples."""
    jobs = [make_training_job(db, units=units).id for units in (8, 16)]
    page = site.get(f"/compare?job={jobs[0]}&job={jobs[1]}")
    assert page.status == 200
    assert differing(page.html) == {"Units"}


def test_every_text_is_in_the_catalogues(bracketed: Site, db: Database) -> None:
    """The comparison and the form."""
    corpus = make_corpus(db)
    jobs = [make_run(db, corpus, Shape(2))[0].id, make_run(db, corpus, Shape(1, (0.6,)))[0].id]
    for path in (f"/compare?job={jobs[0]}&job={jobs[1]}", f"/compare?job={jobs[0]}", "/compare"):
        assert untranslated(bracketed.get(path).html) == [], path
