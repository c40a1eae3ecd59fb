"""Where no browser is, the tests fail and say what to run."""

from pathlib import Path

import pytest

from tests.e2e.browser.chromium import find_chromium


def test_no_browser_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails, never skips, and names the command that installs one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="apt-get install -y chromium"):
        find_chromium(None)


def test_a_named_browser_that_is_not_there(tmp_path: Path) -> None:
    """A variable that names nothing is told, rather than another browser taken."""
    missing = str(tmp_path / "chrome")
    with pytest.raises(pytest.fail.Exception, match=missing):
        find_chromium(missing)
