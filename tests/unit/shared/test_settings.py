"""Settings come from CHARLOOM_* variables; a malformed one stops the start and is named."""

import traceback
from pathlib import Path

import pytest

from shared.errors import SettingsError
from shared.settings import load_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_JSON", "maybe"),
        ("LEASE_SECONDS", "soon"),
        ("LEASE_SECONDS", "0.5"),
        ("MAX_UPLOAD_BYTES", "12 MB"),
        ("MAX_LOSSES", "0"),
        ("SWEEP_SECONDS", "nan"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_malformed_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The message names the variable and what it held."""
    monkeypatch.setenv(f"CHARLOOM_{name}", value)
    with pytest.raises(SettingsError, match=f"CHARLOOM_{name}: .*{value}"):
        load_settings()


@pytest.mark.parametrize(("word", "meaning"), [("true", True), ("0", False), ("no", False)])
def test_booleans_are_read_as_people_write_them(
    monkeypatch: pytest.MonkeyPatch, word: str, meaning: bool
) -> None:
    """The usual words for yes and no are understood."""
    monkeypatch.setenv("CHARLOOM_LOG_JSON", word)
    assert load_settings().log_json is meaning


def test_all_malformed_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator mends all of them in one go."""
    monkeypatch.setenv("CHARLOOM_LEASE_SECONDS", "soon")
    monkeypatch.setenv("CHARLOOM_LOG_JSON", "maybe")
    with pytest.raises(SettingsError, match=r"LEASE_SECONDS.*LOG_JSON"):
        load_settings()


def test_a_lease_outlives_two_lost_renewals() -> None:
    """Settings under which one late renewal loses a job are refused."""
    with pytest.raises(SettingsError, match="renew_seconds 5 is over a third"):
        load_settings(lease_seconds=10, renew_seconds=5)


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    """The file's text without its last newline is the token."""
    (tmp_path / "token").write_text("from-a-file\n")
    settings = load_settings(token_file=tmp_path / "token", secret_key_file=tmp_path / "token")
    assert settings.api_token() == settings.signing_key() == "from-a-file"


def test_the_variable_beats_the_file(tmp_path: Path) -> None:
    """A token that was given outright is taken."""
    settings = load_settings(token="outright", token_file=tmp_path / "absent")
    assert settings.api_token() == "outright"


@pytest.mark.parametrize("name", ["database_url", "redis_url"])
def test_an_address_comes_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It may hold a password; the variable wins; a file that is not there stops the start."""
    (tmp_path / "address").write_text("redis://:hush@a.example/0\n")
    monkeypatch.setenv(f"CHARLOOM_{name.upper()}_FILE", str(tmp_path / "address"))
    assert getattr(load_settings(), name) == "redis://:hush@a.example/0"
    monkeypatch.setenv(f"CHARLOOM_{name.upper()}", "sqlite://")
    assert getattr(load_settings(), name) == "sqlite://"
    monkeypatch.delenv(f"CHARLOOM_{name.upper()}")
    (tmp_path / "address").unlink()
    with pytest.raises(SettingsError, match=f"CHARLOOM_{name.upper()}_FILE: cannot read"):
        load_settings()


@pytest.mark.parametrize("content", [None, " \n"])
def test_a_secret_file_that_cannot_serve_is_named(tmp_path: Path, content: str | None) -> None:
    """A missing or empty file is an error, not an open door."""
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=r"CHARLOOM_TOKEN_FILE.*token"):
        load_settings(token_file=path).api_token()


def test_secrets_do_not_show_in_settings() -> None:
    """A logged or printed Settings hides them."""
    url = "redis://:hush@a.example/0"
    hidden = load_settings(token="hush", secret_key="hush", database_url=url, redis_url=url)
    assert "hush" not in repr(hidden)


@pytest.mark.parametrize("broken", [{"lease_seconds": 1}, {"log_json": "maybe"}, {"token": 12345}])
def test_secrets_do_not_show_in_errors(broken: dict[str, object]) -> None:
    """Neither the message nor the traceback of a refused start carries a secret."""
    given = {"token": "hush", "secret_key": "hush"} | broken
    with pytest.raises(SettingsError) as caught:
        load_settings(**given)
    shown = "".join(traceback.format_exception(caught.value))
    shown = "\n".join(line for line in shown.splitlines() if "given" not in line)
    assert "hush" not in shown
    assert "12345" not in shown


def test_host_names_are_split_at_commas() -> None:
    """Blanks and empty parts do not become hosts."""
    assert load_settings(allowed_hosts="a.example, b.example,,").hosts() == [
        "a.example",
        "b.example",
    ]


def test_settings_cannot_be_changed() -> None:
    """What the process started with stays so."""
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.log_json = True  # type: ignore[misc]
