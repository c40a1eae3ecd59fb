"""What the documentation names is there, and what is there is documented."""

import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from shared.queue import FakeTickets
from shared.settings import Settings, load_settings
from web import create_app

ROOT = Path(__file__).resolve().parents[3]
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
PAGES = [*(ROOT / name for name in TOP), *sorted((ROOT / "docs").glob("*.md"))]
# Named for the tests alone, which no setting is for.
FOR_TESTS = {"CHARLOOM_CHROMIUM"}
# The command's own: where the service is that it speaks to.
FOR_THE_COMMAND = {"CHARLOOM_URL", "CHARLOOM_TEAM"}


def row(name: str, field: FieldInfo) -> str:
    """Return a setting's row of the table."""
    value = str(field.default).lower() if isinstance(field.default, bool) else field.default
    default = "" if value is None else f"`{value}`"
    return f"| `CHARLOOM_{name.upper()}` | {default} | {field.description} |"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    """docs/settings.md has a row for each setting, with its default and its meaning."""
    lines = (ROOT / "docs" / "settings.md").read_text("utf-8").splitlines()
    assert row(name, Settings.model_fields[name]) in lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_setting_that_is_none(page: Path) -> None:
    """Every CHARLOOM_* variable that a page names exists."""
    known = {f"CHARLOOM_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"CHARLOOM_[A-Z_]*[A-Z]", page.read_text("utf-8")))
    assert named <= known | FOR_TESTS | FOR_THE_COMMAND


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page is a file."""
    links = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readmes_requests_are_routes() -> None:
    """Every path that the README's curl asks for is one of the API's."""
    settings = load_settings(database_url="sqlite://", token="t", secret_key="k")
    adapter = create_app(settings, FakeTickets()).url_map.bind("localhost")
    lines = [
        line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if "$api/" in line
    ]
    assert len(lines) > 5
    for line in lines:
        method = "POST" if " -d " in line or " -F " in line else "GET"
        for path in re.findall(r"\$api(/[\w./-]+)", line):
            assert adapter.match(f"/api/v1{path}", method), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page: Path) -> None:
    """Every `make` target that a page names is one."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = re.findall(r"(?:`|^)make ([a-z]+)", page.read_text("utf-8"), re.M)
    assert set(named) <= targets
