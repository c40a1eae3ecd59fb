"""Keeps secrets out of the log: tokens, passwords in addresses, the secrets of sign-in links."""

import logging
import re
from collections.abc import Iterable

from shared.accounts.secrets import PREFIX

HIDDEN = "[hidden]"
# Shorter values are no secrets worth the name, and would hide half the log.
LEAST_CHARACTERS = 8
# A token's beginning stays: by it people tell which one it is.
TOKEN = re.compile(rf"({re.escape(PREFIX)}[\w-]{{6}})[\w-]{{20,}}")
BEARER = re.compile(r"\b(bearer|basic)(\s+|%20|\+)(?!realm=)[^\s'\",;]+", re.IGNORECASE)
# Of an address: what stands between the user's name and the host.
PASSWORD = re.compile(r"(\w://[^\s/@:?#]*):[^\s@?#]+@")
# Of a query, a form or an object, written in whatever way: by the field's name.
QUOTE = r"\\?['\"]?"
FIELD = re.compile(
    rf"(?:(?<=%[0-9A-F]{{2}})|\b)((?:[\w-]+_)?(?:secret|password|token|api_key){QUOTE}(?:=|%3D|:\s?){QUOTE})"
    r"[^\s&;'\",)}\]\\]+",
    re.IGNORECASE,
)


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Return text without what looks like a secret, or is one of those that are known."""
    for secret in known:
        text = text.replace(secret, HIDDEN)
    text = TOKEN.sub(rf"\1{HIDDEN}", text)
    text = BEARER.sub(rf"\1\2{HIDDEN}", text)
    text = PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    return FIELD.sub(rf"\1{HIDDEN}", text)


class Redacting(logging.Formatter):
    """Formats as another formatter does, without the secrets: whole lines, tracebacks too."""

    def __init__(self, inner: logging.Formatter, known: Iterable[str] = ()):
        super().__init__()
        self._inner = inner
        self._known = [secret for secret in known if len(secret) >= LEAST_CHARACTERS]

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return redact(self._inner.format(record), self._known)
