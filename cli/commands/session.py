"""One command's talk with the service: how it is reached, and how answers are shown."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.client import Client, Retries
from cli.commands.options import DATA, URL
from cli.commands.showing import Showing
from cli.errors import Refused, Unreachable
from shared.errors import UserError

# A person waits: a service that has not answered yet is most likely not there.
RETRIES = Retries(unanswered=1)


class Session(Showing):
    """A client of the service, and the way in which this command shows what it says."""

    def __init__(self, client: Client, as_json: bool):
        super().__init__(as_json)
        self.client = client


@contextmanager
def opened(
    server: str | None,
    token_file: Path | None,
    data: Path | None,
    acting_in: str | None,
    as_json: bool,
) -> Iterator[Session]:
    """Open a session. Raises ``UserError`` where no token is found.

    What the client raises inside says where the service was looked for.
    """
    url = server or os.environ.get("CHARLOOM_URL") or URL
    token, source = find_token(token_file, data)
    team = acting_in or os.environ.get("CHARLOOM_TEAM")
    with Client(url, token, retries=RETRIES, team=team) as client, _explained(source):
        yield Session(client, as_json)


def find_token(token_file: Path | None, data: Path | None) -> tuple[str, str]:
    """Return the token and where it was found: options first, then variables, then ``var``.

    Raises ``UserError``.
    """
    if token_file is None and data is None and (token := os.environ.get("CHARLOOM_TOKEN")):
        return token, "CHARLOOM_TOKEN"
    named = token_file or (data and data / "token") or os.environ.get("CHARLOOM_TOKEN_FILE")
    path = Path(named or DATA / "token").expanduser()
    try:
        return path.read_text(encoding="utf-8").strip(), str(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise UserError(
            f"no API token was found: {path}: {reason}; `charloom up` makes one in its --data "
            "folder: name that by --data, or the token by --token-file, CHARLOOM_TOKEN_FILE or "
            "CHARLOOM_TOKEN"
        ) from error


@contextmanager
def _explained(source: str) -> Iterator[None]:
    """Say more of what a person can do something about."""
    try:
        yield
    except Unreachable as error:
        hint = "is it running? `charloom up` starts it here; --url or CHARLOOM_URL name another"
        raise Unreachable(f"{error}; {hint}") from error
    except Refused as error:
        if error.status == 401:
            message = f"the service refuses the token of {source}: {error}"
            raise Refused(message, error.status, error.code) from error
        raise
