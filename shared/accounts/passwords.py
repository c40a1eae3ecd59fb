"""Passwords: which are taken, and their hashes (Argon2id, RFC 9106)."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import InvalidFields, TooManyRequests
from shared.said import said

# NIST SP 800-63B: long enough, no rules of which characters; so long that no hash is a burden.
LEAST, MOST = 10, 1000

# RFC 9106's second choice of parameters: 64 MiB, three passes.
HASHER = PasswordHasher()
# Each hash takes its memory for as long as it lasts: so many at a time in a process, others wait.
AT_ONCE, WAIT_SECONDS = 2, 10.0
_turns = BoundedSemaphore(AT_ONCE)


def hash_password(password: str, name: str) -> str:
    """Return a password's hash. Raises ``InvalidFields`` for one that would be guessed."""
    _check(password, name)
    with _turn():
        return HASHER.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether a password is the one of a hash.

    Where there is no hash it takes as long: the time shall not tell which names there are.
    Raises ``TooManyRequests`` where too many wait for theirs. No connection of the database shall
    be held meanwhile.
    """
    try:
        with _turn():
            HASHER.verify(password_hash or _nobodys(), password[:MOST])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with other parameters than are used now."""
    return HASHER.check_needs_rehash(password_hash)


def _check(password: str, name: str) -> None:
    if not LEAST <= len(password) <= MOST:
        message = said("the password has {count} characters", count=len(password))
    elif len(set(password)) < 4 or name.lower() in password.lower():
        message = said("the password would be guessed: it is the name, or repeats few characters")
    else:
        return
    accepted = said(
        "{least} to {most} characters, without your name in them", least=LEAST, most=MOST
    )
    # What was typed is not shown: it may stand in a log, or on a screen.
    raise InvalidFields.one("password", message, None, accepted)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until there is memory for one more hash. Raises ``TooManyRequests``."""
    if not _turns.acquire(timeout=WAIT_SECONDS):
        raise TooManyRequests(retry_seconds=round(WAIT_SECONDS))
    try:
        yield
    finally:
        _turns.release()


@cache
def _nobodys() -> str:
    return HASHER.hash("nobody's password")
