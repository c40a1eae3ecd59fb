"""A training job's page: its chart, its samples and their stars, and the question before a stop."""

import json
import re

import pytest

from shared.db import Database
from shared.jobs.models import Sample
from shared.jobs.queries import list_samples
from shared.jobs.services import fail, pause, succeed
from tests.integration.pages.site import Site
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_generation_job,
    make_training_job,
    reload,
)
from tests.support.pseudo import untranslated
from tests.support.runs import Shape, make_run

CELL = re.compile(r'<article class="cell"')


def samples_of(db: Database, job_id: str) -> list[Sample]:
    """Return a job's samples, oldest first."""
    return do(db, lambda s: list_samples(s, job_id).data)


def test_the_grid_of_samples(site: Site, db: Database) -> None:
    """An epoch a row, the newest first; a temperature a cell; what is copied leads to its place."""
    job, _ = make_run(db, shape=Shape(2))
    page = site.get(f"/jobs/{job.id}").html
    rows = page[page.index('data-rows="samples"') :].partition("<template")[0]
    assert re.findall(r'data-slot="epoch">(\d+)<', rows) == ["2", "1"]
    assert re.findall(r'data-slot="temperature">([\d.]+)<', rows) == ["0.3", "0.6", "1"] * 2
    place = r'href="/corpora/[^/]+/read\?version=1&amp;at=53&amp;length=40"'
    assert len(re.findall(place, rows)) == 6
    assert "data-text>being wri</pre>" in page


def test_before_the_first_sample(site: Site, db: Database) -> None:
    """No downloads of what is not there, and no key to it; a script shows both in time."""
    fresh, _ = make_run(db, shape=Shape(0))
    sampled, _ = make_run(db, shape=Shape(1))
    for job, hidden in ((fresh, True), (sampled, False)):
        page = site.get(f"/jobs/{job.id}").html
        assert re.findall(r"data-sampled( hidden)?>", page) == [" hidden" if hidden else ""] * 2
        assert re.findall(r"data-unsampled( hidden)?>", page) == ["" if hidden else " hidden"]


def test_the_numbers_lie_open(site: Site, db: Database) -> None:
    """Without a script there is no chart: only a script folds the table of epochs."""
    job, _ = make_run(db, shape=Shape(1))
    page = site.get(f"/jobs/{job.id}").html
    fold = page[page.index('<details class="fold fold-plain" open data-fold>') :]
    assert 'data-rows="epochs"' in fold.partition("</details>")[0]


def test_long_samples_stand_there_by_their_beginning(site: Site, db: Database) -> None:
    """The page does not grow with them; a page of their own has the whole of one."""
    job, _ = make_run(db, shape=Shape(1, (0.6,), 5000))
    (sample,) = samples_of(db, job.id)
    assert sample.text[-40:] not in site.get(f"/jobs/{job.id}").text
    page = site.get(f"/jobs/{job.id}/samples/{sample.id}")
    assert sample.text[-40:] in page.text
    assert "Epoch 1, temperature 0.6" in page.text
    assert "0.8% copied word for word" in page.text


def test_older_samples_and_epochs_are_pages_on(site: Site, db: Database) -> None:
    """A job's page has the last fifty epochs' samples, and the way to those before."""
    job, _ = make_run(db, shape=Shape(53, (0.6,), 40))
    page = site.get(f"/jobs/{job.id}")
    assert len(CELL.findall(page.html)) == 50 + 1
    assert f"/jobs/{job.id}/samples?before=4" in page.html
    older = site.get(f"/jobs/{job.id}/samples?before=4")
    assert re.findall(r'Epoch <span data-slot="epoch">(\d+)', older.html) == ["3", "2", "1"]
    assert "Older" not in older.text
    epochs = site.get(f"/jobs/{job.id}/epochs?before=3")
    assert re.findall(r'<tr data-key="(\d+)"', epochs.html) == ["2", "1"]


def test_many_temperatures_make_fewer_epochs_a_page(site: Site, db: Database) -> None:
    """A page has a hundred cells at most, in whole epochs, and one epoch at least."""
    temperatures = tuple(number / 10 for number in range(1, 9))
    job, _ = make_run(db, shape=Shape(14, temperatures, 40))
    page = site.get(f"/jobs/{job.id}")
    assert len(CELL.findall(page.html)) == 12 * 8 + 1
    assert f"/jobs/{job.id}/samples?before=3" in page.html
    older = site.get(f"/jobs/{job.id}/samples?before=3")
    assert len(CELL.findall(older.html)) == 2 * 8 + 1
    assert "Older" not in older.text


def test_stars(site: Site, db: Database) -> None:
    """A form stars a sample and leads back to it; the starred ones are listed and downloaded."""
    job, _ = make_run(db, shape=Shape(1))
    chosen = samples_of(db, job.id)[1]
    path = f"/jobs/{job.id}/samples/{chosen.id}/star"
    done = site.submit(path, f"/jobs/{job.id}", starred="yes", back=f"/jobs/{job.id}")
    assert (done.status, done.location) == (303, f"/jobs/{job.id}#sample-{chosen.id}")
    assert [row.starred for row in samples_of(db, job.id)] == [False, True, False]
    starred = site.get(f"/jobs/{job.id}/samples?starred=true")
    assert CELL.findall(starred.html)[1:] == CELL.findall(starred.html)[:1]
    text = site.get(f"/jobs/{job.id}/samples.txt?starred=true").html
    assert text.count("== epoch 1, temperature 0.6 ==") == text.count("== epoch") == 1
    lines = site.get(f"/jobs/{job.id}/samples.jsonl?starred=true").html.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [chosen.id]
    site.submit(path, f"/jobs/{job.id}", starred="", back="//elsewhere.example")
    assert not any(row.starred for row in samples_of(db, job.id))


def test_a_star_needs_a_token_and_its_own_job(site: Site, db: Database) -> None:
    """Without the form's token it is refused; of another job's sample there is none."""
    job, _ = make_run(db, shape=Shape(1, (0.6,)))
    (sample,) = samples_of(db, job.id)
    path = f"/jobs/{job.id}/samples/{sample.id}/star"
    assert site.client.post(path, data={"starred": "yes"}).status_code == 400
    other = make_training_job(db)
    wrong = f"/jobs/{other.id}/samples/{sample.id}"
    assert site.get(wrong).status == 404
    assert site.submit(f"{wrong}/star", f"/jobs/{job.id}", starred="yes").status == 404


def test_losses(site: Site, db: Database) -> None:
    """The page carries the columns of its chart, and sends them to other pages."""
    job, _ = make_run(db, shape=Shape(2, (0.6,), 40))
    page = site.get(f"/jobs/{job.id}")
    block = re.search(r'id="losses">(.*?)</script>', page.html)
    assert block
    carried = json.loads(block[1])
    assert (carried["epoch"], carried["rate"]) == ([1, 2], [0.01, 0.005])
    sent = site.client.get(f"/jobs/{job.id}/losses.json").get_json()
    assert sent == carried | {"name": job.name}
    other = make_generation_job(db)
    assert site.get(f"/jobs/{other.id}/losses.json").status == 404


def test_very_many_epochs_are_thinned(
    site: Site, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chart gets no more points than it can show, and always the last one."""
    monkeypatch.setattr("web.pages.losses.MOST_POINTS", 3)
    job, _ = make_run(db, shape=Shape(8, (0.6,), 40))
    assert site.client.get(f"/jobs/{job.id}/losses.json").get_json()["epoch"] == [1, 4, 7, 8]


def test_what_differs_from_the_preset(site: Site, db: Database) -> None:
    """It stands first, with what the preset says."""
    job = make_training_job(db, units=24)
    page = site.get(f"/jobs/{job.id}")
    assert "Units 24 preset: 16" in page.text
    assert page.html.count('class="fact-changed"') == 1
    assert (
        "All other settings are as the preset says"
        in site.get(f"/jobs/{make_training_job(db).id}").text
    )


def test_cancel_asks(site: Site, db: Database) -> None:
    """The page says what is kept, offers to pause, and cancels only when told to."""
    job, _ = make_run(db, shape=Shape(2))
    page = site.get(f"/jobs/{job.id}/cancel")
    for words in ("2 epochs", "6 samples", "2 checkpoints", "Retry goes on from there",
                  "What is lost", "Pause it instead"):  # fmt: skip
        assert words in page.text
    assert reload(db, job).requested is None
    site.submit(f"/jobs/{job.id}/cancel", f"/jobs/{job.id}/cancel")
    assert reload(db, job).requested == "cancel"
    assert site.get(f"/jobs/{job.id}/cancel").location == f"/jobs/{job.id}"


def test_cancel_of_a_waiting_job(site: Site, db: Database) -> None:
    """Nothing is lost where nothing was made."""
    job = make_training_job(db)
    assert "Nothing is made yet" in site.get(f"/jobs/{job.id}/cancel").text


@pytest.mark.parametrize(
    ("code", "link"),
    [
        ("diverged", "learning_rate=0.001"),
        ("worker_lost", "batch_size=16"),
        ("corpus_too_short", "window=10"),
    ],
)
def test_a_failure_comes_with_a_way_on(site: Site, db: Database, code: str, link: str) -> None:
    """A link to the form with the job's settings, but for what failed; live.json has it, too."""
    job = make_training_job(db)
    lease = claim_job(db, job)
    do(db, lambda s: fail(s, lease, code, "it failed"))
    page = site.get(f"/jobs/{job.id}")
    assert f"/training/new?clone={job.id}&amp;{link}" in page.html
    cures = site.client.get(f"/jobs/{job.id}/live.json").get_json()["state"]["cures"]
    assert cures[0]["url"].endswith(link)


def test_every_text_of_a_run_is_in_the_catalogues(bracketed: Site, db: Database) -> None:
    """With epochs, samples and checkpoints; failed; paused; and all pages that belong to it."""
    job, lease = make_run(db, shape=Shape(2), units=24)
    failed, waiting = make_training_job(db), make_training_job(db)
    other = claim_job(db, failed)
    do(db, lambda s: fail(s, other, "diverged", "the loss is no number"))
    do(db, lambda s: pause(s, waiting.id))
    sample = samples_of(db, job.id)[0]
    paths = ["", "/cancel", "/epochs", "/samples", "/samples?starred=true", f"/samples/{sample.id}"]
    pages = [f"/jobs/{job.id}{path}" for path in paths]
    for path in [*pages, f"/jobs/{failed.id}", f"/jobs/{waiting.id}", "/compare"]:
        assert untranslated(bracketed.get(path).html) == [], path
    do(db, lambda s: succeed(s, lease))
    assert untranslated(bracketed.get(f"/jobs/{job.id}").html) == []


def test_a_row_that_arrives_is_as_one_that_was_there(site: Site, db: Database) -> None:
    """The rows of live.json have all that the templates of the page fill in."""
    job, lease = make_run(db, shape=Shape(1))
    page = site.get(f"/jobs/{job.id}").html
    finish_epoch(db, lease, 2, temperatures=(0.3, 0.6, 1.0))
    rows = site.client.get(f"/jobs/{job.id}/live.json?epoch=1&sample=1").get_json()["rows"]
    (row,) = rows["samples"]
    assert (row["epoch"], len(row["cells"])) == ("2", 3)
    blank = page[page.index('<template data-row="cells">') :].partition("</template>")[0]
    asked = re.findall(r'data-(?:slot|if|link|action|value|pressed|parts)="(\w+)"', blank)
    assert set(asked) <= set(row["cells"][0])
