"""Writes ``docs/access.md``: how everybody is answered at every route (``make access``)."""

import tempfile
from pathlib import Path

import migrations
from shared.queue import FakeTickets
from shared.settings import Settings, load_settings
from tests.support.access import CAST, Theatre, observe, table
from tests.support.apps import make_app

DOCUMENT = Path(__file__).parents[3] / "docs" / "access.md"
HEAD = """# Who may do what

Every route, by every method, as it answers everybody. The table is what was seen when each was
tried, on things that the owner has made in the team; the tests hold it, and `make access` writes it
anew. Read what it changes before you commit it.

- **nobody** is not signed in, or brings no token or a wrong one.
- **stranger**: a manager of another team. Its own things it may see and make; of the team's it is
  told nothing, so that a route without an id in its address says *yes*, and shows what is its own.
- **viewer**, **teammate** (a member), **owner** (the member who made the things asked for),
  **manager**: of the team.
- **administrator**: in no team, acts in this one.

*sign in*: 401, or the way to the form; *refused*: 403; *not there*: 404; *yes*: anything else, also
where the request itself is at fault. Tokens bring the least of their user's right and their scope.
"""


def lines_of(text: str) -> list[str]:
    """Return the lines of the document's table, without its head."""
    return [line for line in text.splitlines() if line.startswith("| ")][2:]


def document(rows: list[str]) -> str:
    """Return the document with these lines in its table."""
    columns = ("method", "route", *CAST)
    head = ["| " + " | ".join(columns) + " |", "| --- " * len(columns) + "|"]
    return "\n".join([HEAD, *head, *rows]) + "\n"


def main() -> None:
    """Try every route and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "charloom.db"
        url = f"sqlite:///{file}"
        migrations.upgrade(url)
        app = make_app(quick_settings(url, file.parent), FakeTickets())
        rows = table(observe(Theatre(app, file)))
        app.extensions["charloom"].db.close()
    DOCUMENT.write_text(document(rows), encoding="utf-8")


def quick_settings(url: str, folder: Path) -> Settings:
    """Return settings under which nothing waits."""
    return load_settings(
        database_url=url,
        redis_url="redis://127.0.0.1:1/0",
        token="the-installation",
        secret_key="key",
        answer_wait_seconds=0,
        fetch_seconds=1,
        cache_folder=folder / "cache",
    )


if __name__ == "__main__":
    main()
