"""What the log hides, and what it does not."""

import json
import logging

import pytest

from shared.accounts.secrets import new_secret
from shared.logs import configure_logs
from shared.redaction import HIDDEN, redact
from shared.settings import load_settings

SECRET = new_secret()
REST = SECRET[15:]
LINK = new_secret("")

LINES = [
    f"Authorization: Bearer {SECRET}",
    "Authorization: Bearer correct-horse-battery-staple",
    "{'Authorization': 'Bearer correct-horse-battery-staple'}",
    "authorization=basic Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5",
    f"GET /api/v1/jobs?token={SECRET}&limit=3",
    f"GET /api/v1/jobs/{SECRET} 404",
    f"GET /sign-in/link?secret={LINK}&next=/jobs",
    f"GET /sign-in?next=%2Fsign-in%2Flink%3Fsecret%3D{LINK}",
    "postgresql+psycopg://user:correct-horse-battery-staple@db/name",
    "redis://:correct-horse-battery-staple@127.0.0.1:6379/0",
    "smtp://me%40example.org:correct-horse-battery-staple@mail:587",
    '{"name": "ada", "password": "correct-horse-battery-staple"}',
    r'{"body": "{\"password\": \"correct-horse-battery-staple\"}"}',
    "client_secret=correct-horse-battery-staple",
]


# Named by their place: they hold other secrets each time.
@pytest.mark.parametrize("line", LINES, ids=[str(place) for place, _ in enumerate(LINES)])
def test_secrets_are_hidden(line: str) -> None:
    """However they are written; and what is left is still JSON where it was."""
    hidden = redact(line)
    assert HIDDEN in hidden
    for secret in (REST, LINK, "correct-horse", "Y29ycmVj"):
        assert secret not in hidden
    if line.startswith('{"'):
        json.loads(hidden)


@pytest.mark.parametrize("line", [
    "GET http://127.0.0.1:8000/jobs?limit=3", "job 01a2 failed: diverged at epoch 3",
    "the token of CHARLOOM_TOKEN is refused", "database charloom_template is there",
    "Bearer realm=\"charloom\"", "mail to ada@example.org", "tokens out=3 password",
])  # fmt: skip
def test_what_is_no_secret_stays(line: str) -> None:
    assert redact(line) == line


def test_a_tokens_beginning_stays() -> None:
    """By it people tell which one it was."""
    assert redact(f"refused {SECRET}") == f"refused {SECRET[:15]}{HIDDEN}"


@pytest.mark.parametrize("as_json", [True, False])
def test_the_log_hides_what_the_settings_hold(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    """The installation's own token has no beginning to be known by; tracebacks are lines, too."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logs(load_settings(token="correct-horse-battery", log_json=as_json))
        try:
            raise ValueError(f"correct-horse-battery and {SECRET}")
        except ValueError:
            logging.getLogger("x").exception("request failed: %s", "correct-horse-battery")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert said.count(HIDDEN) >= 3
    assert "correct-horse" not in said
    assert REST not in said
