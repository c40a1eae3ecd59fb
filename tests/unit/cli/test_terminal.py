"""Nothing that was written elsewhere is obeyed by the terminal."""

import pytest

from cli.terminal import shown


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("道可道\n\tend", "道可道\n\tend"),
        ("\x1b[31mred\x07", "\ufffd[31mred\ufffd"),
        ("\x9b31m\u202eturned\r", "\ufffd31m\ufffdturned\ufffd"),
    ],
)
def test_what_a_terminal_obeys_is_replaced(text: str, seen: str) -> None:
    """Letters of all scripts, lines and tabs stay."""
    assert shown(text) == seen
