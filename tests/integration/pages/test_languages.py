"""The pages speak English and Chinese, and say nothing that is in no catalogue."""

import pytest

from tests.integration.pages.site import Site
from tests.support.pseudo import untranslated

# The pages that are looked at with nothing stored.
PATHS: list[str] = [
    *("/", "/corpora", "/jobs", "/jobs?status=failed", "/desk", "/generation/new"),
    *("/training/new", "/schedules", "/schedules/new", "/models", "/receivers", "/receivers/new"),
    "/api/docs",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_text_is_in_the_catalogues(bracketed: Site, path: str) -> None:
    """No page says anything that cannot be translated."""
    assert untranslated(bracketed.get(path).html) == []


def test_the_reader_of_brackets_notices() -> None:
    """The check fails where a text was forgotten, and nowhere else."""
    assert untranslated("<p>⟦All <b>is</b> well⟧ <i translate=no>Name</i></p>") == []
    assert untranslated('<p>⟦Well⟧ <a title="Forgotten">⟦x⟧</a> and so on</p>') == [
        "Forgotten",
        "and so on",
    ]


def test_the_browser_chooses_the_language(site: Site) -> None:
    """Chinese for who asks for it first, English for who asks for neither."""
    chinese = site.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert '<html lang="zh-CN"' in chinese.html
    assert "Accept-Language" in chinese.answer.headers["Vary"]
    assert '<html lang="en"' in site.get("/", headers={"Accept-Language": "fr"}).html


def test_the_reader_chooses_language_and_appearance(site: Site) -> None:
    """What is chosen in the foot of a page holds for all pages, and leads back to it."""
    done = site.submit("/preferences", page="/jobs", language="zh", back="/jobs?kind=train")
    assert (done.status, done.location) == (303, "/jobs?kind=train")
    assert '<html lang="zh-CN"' in site.get("/corpora").html
    site.submit("/preferences", page="/jobs", appearance="dark", back="/")
    assert 'data-appearance="dark"' in site.get("/").html


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//e.example", "/\\e", "/\ne"])
def test_preferences_lead_to_no_other_host(site: Site, back: str) -> None:
    """Only a path of this service is gone back to."""
    assert site.submit("/preferences", page="/", language="en", back=back).location == "/"


def test_an_unknown_language_is_refused(site: Site) -> None:
    """It says which there are."""
    refused = site.submit("/preferences", page="/", language="tlh", back="/")
    assert refused.status == 400
    assert "en, zh" in refused.text


def test_a_path_of_the_api_speaks_english(site: Site) -> None:
    """Programs get the same words whatever they ask for."""
    answer = site.get("/api/v1/jobs", headers={"Accept-Language": "zh"})
    assert "The API wants" in answer.html
