"""docs/accounts.md: the requests of the API by the right that they need, as web/rules.py has it."""

import re
from pathlib import Path

from shared.queue import FakeTickets
from shared.settings import load_settings
from tests.support.apps import make_app
from web.rules import RULES, Rule

PAGE = Path(__file__).parents[3] / "docs" / "accounts.md"


def needs(rule: Rule) -> str:
    """Return what a rule asks for, as the page calls it."""
    if rule.anyone:
        return "nothing"
    if rule.right is None:
        return "any token"
    return f"`{rule.right}`" + ("; `manage` for what others made" if rule.own else "")


def lines() -> list[str]:
    """Return the lines of the page's table."""
    settings = load_settings(database_url="sqlite://", token="t", secret_key="k")
    found: dict[str, list[str]] = {needs(rule): [] for rule in RULES.values()}
    rules = make_app(settings, FakeTickets()).url_map.iter_rules()
    for route in sorted(rules, key=lambda route: (route.rule, sorted(route.methods or ()))):
        if route.rule.startswith("/api/v1/"):
            shown = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule.removeprefix("/api/v1"))
            methods = sorted((route.methods or set()) - {"HEAD", "OPTIONS"})
            asked = [f"`{method} {shown}`" for method in methods]
            found[needs(RULES[route.endpoint])] += asked
    return [f"| {need} | {', '.join(asked)} |" for need, asked in found.items() if asked]


def test_the_page_tells_the_rules() -> None:
    """Every request of the API stands there, under its right, and nothing else does."""
    text = PAGE.read_text(encoding="utf-8")
    table = text.partition("| needs | requests |\n| --- | --- |\n")[2].partition("\n\n")[0]
    assert table.splitlines() == lines()
